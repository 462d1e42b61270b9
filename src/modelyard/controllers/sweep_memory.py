"""A sweep while it runs: its search, its policy and its trials in memory. Rebuilt from the rows when it is lost."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from modelyard.domain.job_record import JobRecord
from modelyard.domain.search_policy import PbtPolicy
from modelyard.domain.statuses import JobStatus
from modelyard.domain.trial import TrialCopy, TrialPhase, TrialRecord
from modelyard.kinds.sweep import SweepJob, SweepJobLimits
from modelyard.services.sweeps import SweepPlan, goals_of, objectives_of, strategy_of
from modelyard.tuning.perturbation import perturbed
from modelyard.tuning.sampling_strategy import SearchExhausted
from modelyard.tuning.search import KeptTrial, Proposal, Search, TrialEnd, TrialResult
from modelyard.tuning.stopping_rule import Action, Curve, Phase, Population, StoppingRule, make_rule

_PHASES = {
    TrialPhase.ACTIVE: Phase.RUNNING,
    TrialPhase.STOPPING: Phase.RUNNING,
    TrialPhase.PAUSING: Phase.PAUSED,
    TrialPhase.PAUSED: Phase.PAUSED,
    TrialPhase.COPYING: Phase.RUNNING,
}
_WAITING = (TrialPhase.PAUSED, TrialPhase.COPYING)
_ENDS = {
    TrialPhase.COMPLETED: TrialEnd.COMPLETED,
    TrialPhase.STOPPED: TrialEnd.STOPPED,
    TrialPhase.CANCELED: TrialEnd.STOPPED,
}


@dataclass
class SweepMemory:
    """Not safe for several threads. After an error between `observe` or `propose` and the commit, throw it away."""

    job: SweepJob
    plan: SweepPlan
    search: Search
    rule: StoppingRule | None
    trials: dict[int, TrialRecord]
    exhausted: bool = False
    judged: dict[int, int] = field(default_factory=dict)
    """How many values of each trial the policy has judged."""
    adopted: frozenset[int] = frozenset()
    """Trials that ran when this memory was loaded: what they logged before was judged in an earlier life."""
    spec: Mapping[str, Any] = field(default_factory=dict)
    """What the sweep was to do when this memory was loaded."""
    forgiven: int = 0
    """Trials that an end which was taken back had cut off."""
    told_best: int | None = None
    """The best trial that the sweep's log has named."""
    taken_up: bool = False
    """Loaded with trials, and the log does not say so yet."""

    @classmethod
    def load(cls, record: JobRecord, trials: Sequence[TrialRecord], taught: Sequence[TrialRecord]) -> SweepMemory:
        """From the rows; `taught` are trials of earlier sweeps that this one learns from."""
        job = SweepJob.from_stored({**record.spec, "type": "sweep", "name": record.name})
        plan = SweepPlan.of(record.state)
        search = Search(strategy_of(job, plan.seed))
        search.teach([_kept(trial) for trial in taught])
        search.restore([_kept(trial) for trial in trials])
        population = Population(job.limits.max_total_trials, plan.places, plan.seed)
        policy = job.early_termination
        rule = None if policy is None else make_rule(policy, job.objective.goal, population)
        adopted = frozenset(trial.number for trial in trials if trial.phase.running)
        judged = {trial.number: len(trial.curve) for trial in trials if trial.phase in _WAITING}
        by_number = {trial.number: trial for trial in trials}
        made = cls(job, plan, search, rule, by_number, judged=judged, adopted=adopted)
        made.spec, made.forgiven = record.spec, int(record.state.get("forgiven_trials", 0))
        best = made.best()
        made.told_best, made.taken_up = None if best is None else best.number, bool(trials)
        return made

    @property
    def limits(self) -> SweepJobLimits:
        """Those of the sweep, with the trials that an earlier end of it cut off made up for."""
        limits = self.job.limits
        return limits.model_copy(update={"max_total_trials": limits.max_total_trials + self.forgiven})

    @property
    def metrics(self) -> list[str]:
        return [objective.primary_metric for objective in objectives_of(self.job)]

    def unfinished(self) -> list[TrialRecord]:
        return [trial for trial in self.trials.values() if not trial.phase.over]

    def running(self) -> list[TrialRecord]:
        return [trial for trial in self.trials.values() if trial.phase.running]

    def follow(self, trial: TrialRecord, curve: Sequence[float]) -> None:
        """Take in what a running trial has logged so far."""
        self.trials[trial.number] = replace(trial, curve=list(curve))

    def pause(self, trial: TrialRecord, child: JobRecord) -> TrialRecord:
        """Take in that a pausing trial's task has ended; the record to keep, with what it logged and cost so far."""
        paused = replace(self.trials[trial.number], phase=TrialPhase.PAUSED, cost=_cost(child))
        self.trials[trial.number] = paused
        return paused

    def resumable(self, places: int) -> list[int]:
        """Paused trials that deserve up to so many free places, best first."""
        waiting = any(trial.phase is TrialPhase.PAUSED for trial in self.trials.values())
        if self.rule is None or not waiting:
            return []
        curves = {
            trial.number: _curve(trial) for trial in self.trials.values() if trial.phase is not TrialPhase.PAUSING
        }
        found: list[int] = []
        while len(found) < places:
            number = self.rule.next_to_resume(list(curves.values()))
            if number is None:
                break
            found.append(number)
            curves[number] = replace(curves[number], phase=Phase.RUNNING)
        return found

    def sources(self, numbers: Sequence[int]) -> dict[int, tuple[int, str]]:
        """Of these paused trials, those that the policy lets go on from another's checkpoint: that one, and why."""
        if self.rule is None:
            return {}
        curves = [_curve(trial) for trial in self.trials.values()]
        found = {number: self.rule.source(_curve(self.trials[number]), curves) for number in numbers}
        return {number: (source.number, source.reason) for number, source in found.items() if source is not None}

    def copy(self, number: int, source: int, reason: str) -> TrialRecord:
        """Take in that a paused trial is to go on from another's checkpoint, with parameters near that one's."""
        trial = self.trials[number]
        assert isinstance(self.job.early_termination, PbtPolicy) and self.rule is not None
        draw = random.Random(f"{self.rule.population.seed}/{number}/{len(trial.copies)}")
        base, giver = self.search.strategy.problem.base, self.trials[source]
        near = perturbed(self.job.search_space, giver.parameters, self.job.early_termination, base, draw)
        copies = [*trial.copies, TrialCopy(source, len(trial.curve), trial.parameters)]
        changed = replace(trial, phase=TrialPhase.COPYING, parameters=near, copies=copies, reason=reason)
        self.trials[number] = changed
        return changed

    def take_back_copy(self, number: int) -> None:
        """The last copy could not be made: the trial has its own parameters again."""
        trial = self.trials[number]
        own = trial.copies[-1].replaced
        self.trials[number] = replace(trial, parameters=own, copies=trial.copies[:-1])

    def leader(self) -> int | None:
        """The paused trial that is better than all that have ended, if there is one."""
        goal, best = self.job.objective.goal, self.best()
        ended = math.nan if best is None else _first(best)
        found: int | None = None
        for trial in self.trials.values():
            value = _curve(trial).best(goal) if trial.phase is TrialPhase.PAUSED else math.nan
            if goal.better(value, ended):
                found, ended = trial.number, value
        return found

    def end(self, trial: TrialRecord, child: JobRecord, curves: Sequence[Sequence[float]]) -> TrialRecord:
        """Take in the end of a trial's job, with the logged values of each objective; the record to keep."""
        phase = _phase_at_end(trial, child.status)
        values = [_best(curve, goal) for curve, goal in zip(curves, goals_of(self.job), strict=True)]
        objectives = [value for value in values if value is not None]
        whole = objectives if len(objectives) == len(values) and phase is not TrialPhase.FAILED else None
        reason = trial.reason
        if phase is TrialPhase.FAILED and child.error:
            reason = str(child.error.get("message", ""))[:2000]
        ended = replace(trial, phase=phase, objectives=whole, curve=list(curves[0]), reason=reason, cost=_cost(child))
        ended = replace(ended, memento=self.search.tell(trial.number, _result(ended)))
        self.trials[trial.number] = ended
        return ended

    def verdicts(self) -> dict[int, tuple[Action, str]]:
        """What the policy does to active trials and why, judged at each value logged since the last look."""
        if self.rule is None:
            return {}
        curves = [_curve(trial) for trial in self.trials.values()]
        found: dict[int, tuple[Action, str]] = {}
        for trial in self.trials.values():
            if trial.phase is not TrialPhase.ACTIVE:
                continue
            verdict = self._verdict(trial, curves)
            if verdict is not None:
                found[trial.number] = verdict
        return found

    def propose(self) -> Proposal | None:
        """The next trial; None when the space was walked to its end."""
        try:
            return self.search.ask()
        except SearchExhausted:
            self.exhausted = True
            return None

    def best(self) -> TrialRecord | None:
        """The trial with the best finite first objective; the earlier one of equals."""
        goal = self.job.objective.goal
        found: TrialRecord | None = None
        for trial in sorted(self.trials.values(), key=lambda trial: trial.number):
            if not trial.phase.counts or not trial.objectives or not math.isfinite(trial.objectives[0]):
                continue
            if found is None or goal.better(trial.objectives[0], _first(found)):
                found = trial
        return found

    @property
    def cost(self) -> float:
        return math.fsum(trial.cost for trial in self.trials.values())

    def _verdict(self, trial: TrialRecord, curves: Sequence[Curve]) -> tuple[Action, str] | None:
        """Judges every prefix not judged before, so that several values at once count as several intervals."""
        assert self.rule is not None
        own = _curve(trial)
        unseen = len(own.values) - 1 if trial.number in self.adopted else 0
        judged = self.judged.get(trial.number, max(unseen, 0))
        self.judged[trial.number] = len(own.values)
        for step in range(judged + 1, len(own.values) + 1):
            verdict = self.rule.judge(replace(own, values=own.values[:step]), curves)
            if verdict.action is not Action.GO_ON:
                policy = getattr(self.job.early_termination, "type", "")
                return verdict.action, f"{policy} at interval {step}: {verdict.reason}"
        return None


def _phase_at_end(trial: TrialRecord, status: JobStatus) -> TrialPhase:
    if status is JobStatus.COMPLETED:
        return TrialPhase.COMPLETED
    if status is JobStatus.CANCELED:
        return TrialPhase.STOPPED if trial.phase is TrialPhase.STOPPING and trial.by_policy else TrialPhase.CANCELED
    return TrialPhase.FAILED


def _best(curve: Sequence[float], goal: Any) -> float | None:
    """The best finite value that was logged, else the first that is none; None when nothing was logged."""
    best: float | None = None
    for value in [value for value in curve if math.isfinite(value)] or curve[:1]:
        if best is None or goal.better(value, best):
            best = value
    return best


def _first(trial: TrialRecord) -> float:
    assert trial.objectives
    return trial.objectives[0]


def _curve(trial: TrialRecord) -> Curve:
    return Curve(trial.number, trial.curve, _PHASES.get(trial.phase, Phase.FINISHED))


def _result(trial: TrialRecord) -> TrialResult:
    """What the search learns: nothing from a trial that reached its value with the parameters of several."""
    if trial.copies:
        return TrialResult(TrialEnd.FAILED)
    return TrialResult(_ENDS.get(trial.phase, TrialEnd.FAILED), trial.objectives or [], trial.curve)


def _kept(trial: TrialRecord) -> KeptTrial:
    return KeptTrial(trial.memento, _result(trial) if trial.phase.over else None)


def _cost(child: JobRecord) -> float:
    """Core-seconds that the trial's attempts took, to the millisecond."""
    cpus = float((child.state.get("plan") or {}).get("cpus", 1.0))
    if "busy_seconds" in child.state:
        return round(float(child.state["busy_seconds"]) * cpus, 3)
    if child.started_at is None or child.ended_at is None:
        return 0.0
    return round((child.ended_at - child.started_at).total_seconds() * cpus, 3)
