"""What a sweep has found: its trials as a list, and the summary of them all."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from modelyard.domain.errors import InvalidInput
from modelyard.domain.job_record import JobRecord
from modelyard.domain.search_policy import Goal
from modelyard.domain.trial import Outcome, TrialPhase, TrialRecord, to_json
from modelyard.kinds.sweep import SweepJob
from modelyard.kit.paging import Page, PageOf
from modelyard.services.job_entities import SWEEP
from modelyard.services.sweeps import SweepPlan, objectives_of, range_notes, strategy_of
from modelyard.store.transaction import Transaction
from modelyard.tuning.search import KeptTrial, Search, TrialEnd, TrialResult

# Importances are estimated from at most so many trials, spread evenly: more change them little.
_MOST_FOR_IMPORTANCES = 1000


@dataclass(frozen=True)
class SweepResults:
    """A sweep as it was read: `summary` computes outside of any transaction."""

    record: JobRecord
    job: SweepJob
    outcomes: Sequence[Outcome]
    best: TrialRecord | None
    sample: Sequence[TrialRecord]
    now: datetime

    def summary(self) -> dict[str, Any]:
        """Counts, best trial, best-so-far, importances, cost, time left and searched ranges, as JSON."""
        limits = self.job.limits
        seconds_left = None
        if limits.timeout is not None and self.record.started_at is not None and not self.record.status.terminal:
            seconds_left = max(0.0, limits.timeout - (self.now - self.record.started_at).total_seconds())
        made = len(self.outcomes)
        counts = {phase.value: sum(outcome.phase is phase for outcome in self.outcomes) for phase in TrialPhase}
        return {
            "name": self.record.name,
            "status": self.record.status.value,
            "objectives": [objective.to_dict() for objective in objectives_of(self.job)],
            "counts": counts,
            "trials": made,
            "max_total_trials": limits.max_total_trials,
            "trials_left": 0 if self.record.status.terminal else limits.max_total_trials - made,
            "best_trial": None if self.best is None else trial_body(self.best, self.job),
            "best_so_far": best_so_far(self.outcomes, self.job.objective.goal),
            "importances": self._importances(),
            "cost_core_seconds": round(sum(outcome.cost for outcome in self.outcomes), 3),
            "max_cost_core_seconds": limits.max_cost,
            "seconds_left": seconds_left,
            "seed": SweepPlan.of(self.record.state).seed,
            "searched_ranges": range_notes(self.job),
        }

    def _importances(self) -> dict[str, float]:
        """By parameter, its share in the variation of the objective; empty until enough trials have completed."""
        search = Search(strategy_of(self.job, SweepPlan.of(self.record.state).seed))
        search.restore([_kept(trial) for trial in self.sample])
        return search.importances()


def read(tx: Transaction, workspace: str, name: str) -> SweepResults:
    """The sweep of that name; InvalidInput for a job of another kind."""
    record = sweep_record(tx, workspace, name)
    job = sweep_job(record)
    outcomes = tx.trials.outcomes(workspace, record.name)
    winner = best_number(outcomes, job.objective.goal)
    usable = [one.number for one in outcomes if one.phase is TrialPhase.COMPLETED and _score(one) is not None]
    return SweepResults(
        record=record,
        job=job,
        outcomes=outcomes,
        best=None if winner is None else tx.trials.get(workspace, record.name, winner),
        sample=tx.trials.numbered(workspace, record.name, _thinned(usable)),
        now=tx.now,
    )


def trials_page(tx: Transaction, workspace: str, name: str, page: Page, order: str) -> PageOf[dict[str, Any]]:
    """Trials in the order `newest`, `oldest` or `best` first."""
    record = sweep_record(tx, workspace, name)
    job = sweep_job(record)
    if order == "best":
        found = tx.trials.best_first(workspace, record.name, page, maximize=job.objective.goal is Goal.MAXIMIZE)
    else:
        found = tx.trials.page_of_sweep(workspace, record.name, page, newest_first=order == "newest")
    return found.map(lambda trial: trial_body(trial, job))


def sweep_record(tx: Transaction, workspace: str, name: str) -> JobRecord:
    tx.workspaces.get(workspace)
    record = tx.jobs.get(workspace, name)
    if record.kind != SWEEP:
        raise InvalidInput(f"'{record.name}' is a {record.kind} job, not a sweep.", field="name")
    return record


def sweep_job(record: JobRecord) -> SweepJob:
    return SweepJob.from_stored({**record.spec, "type": SWEEP, "name": record.name})


def trial_body(trial: TrialRecord, job: SweepJob) -> dict[str, Any]:
    """A trial on the wire; NaN and the infinities are text."""
    values = to_json(trial.objectives) or []
    metrics = [objective.primary_metric for objective in objectives_of(job)]
    last = to_json(trial.curve[-1:])
    return {
        "number": trial.number,
        "name": trial.job_name,
        "run_id": trial.run_id,
        "phase": trial.phase.value,
        "score": values[0] if values else None,
        "objectives": dict(zip(metrics, values, strict=False)),
        "last_value": last[0] if last else None,
        "logged_values": len(trial.curve),
        "parameters": trial.parameters,
        "copied_from": trial.copies[-1].source if trial.copies else None,
        "copies": [copy.to_dict() for copy in trial.copies],
        "reason": trial.reason,
        "cost_core_seconds": trial.cost,
        "created_at": _moment(trial.created_at),
        "ended_at": _moment(trial.ended_at),
    }


def best_number(outcomes: Iterable[Outcome], goal: Goal) -> int | None:
    """The trial whose outputs are the sweep's: the best one, of equals that of the lowest number."""
    winner: int | None = None
    best = math.nan
    for outcome in outcomes:
        score = _score(outcome) if outcome.phase.counts else None
        if score is not None and goal.better(score, best):
            winner, best = outcome.number, score
    return winner


def improvements(outcomes: Iterable[Outcome], goal: Goal) -> list[Outcome]:
    """The trials that were the best when they ended, in that order: the last is the best of all."""
    found: list[Outcome] = []
    best = math.nan
    over = [outcome for outcome in outcomes if outcome.phase.counts and outcome.ended_at is not None]
    for outcome in sorted(over, key=lambda one: (one.ended_at, one.number)):
        score = _score(outcome)
        if score is not None and goal.better(score, best):
            best = score
            found.append(outcome)
    return found


def best_so_far(outcomes: Iterable[Outcome], goal: Goal) -> list[dict[str, Any]]:
    """Each improvement: which trial, when, and to what."""
    return [
        {"number": outcome.number, "score": (to_json(outcome.objectives) or [""])[0], "at": _moment(outcome.ended_at)}
        for outcome in improvements(outcomes, goal)
    ]


def _score(outcome: Outcome) -> float | None:
    """The first objective; None where it is not a finite number, which is never the best."""
    return outcome.objectives[0] if outcome.objectives and math.isfinite(outcome.objectives[0]) else None


def _thinned(numbers: Sequence[int]) -> list[int]:
    step = max(1, math.ceil(len(numbers) / _MOST_FOR_IMPORTANCES))
    return list(numbers[::step])


def _kept(trial: TrialRecord) -> KeptTrial:
    return KeptTrial(trial.memento, TrialResult(TrialEnd.COMPLETED, trial.objectives or []))


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
