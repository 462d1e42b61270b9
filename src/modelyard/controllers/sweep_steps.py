"""One step of a sweep: look at its trials, learn, decide, write."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from modelyard.controllers.parent_log import ParentLog
from modelyard.controllers.sweep_log import Chapter, story
from modelyard.controllers.sweep_memory import SweepMemory
from modelyard.controllers.trial_checkpoint import copy_checkpoint
from modelyard.domain.actions import (
    Action,
    CopyTrial,
    JobError,
    PauseTrial,
    ResumeTrial,
    SetStatus,
    StartTrials,
    StopTrial,
    WakeAfter,
)
from modelyard.domain.job_record import JobRecord, JobUpdate
from modelyard.domain.statuses import JobStatus
from modelyard.domain.trial import TrialPhase, TrialRecord
from modelyard.kinds.sweep import SweepView, decide
from modelyard.services.job_outputs import JobOutputs
from modelyard.services.sweeps import change_trial, final_state, submit_trial
from modelyard.store.database import Database
from modelyard.store.repositories.runs import FAILED, FINISHED, KILLED
from modelyard.store.transaction import Transaction
from modelyard.tuning.search import Proposal
from modelyard.tuning.stopping_rule import Action as Verdict

RUN_STATUSES = {JobStatus.COMPLETED: FINISHED, JobStatus.FAILED: FAILED, JobStatus.CANCELED: KILLED}
# How often the values of running trials are read while a policy judges them.
POLICY_SECONDS = 0.5


def load(tx: Transaction, record: JobRecord) -> SweepMemory:
    """A sweep's memory from the rows, its teachers' included."""
    taught: list[TrialRecord] = []
    for earlier in record.spec.get("warm_start_from") or []:
        taught += tx.trials.of_sweep(record.workspace, earlier)
    return SweepMemory.load(record, tx.trials.of_sweep(record.workspace, record.name), taught)


def advance(
    database: Database, record: JobRecord, memory: SweepMemory, outputs: JobOutputs, wake_jobs: Callable[[], None]
) -> tuple[bool, bool]:
    """Look, learn, decide, write; (whether the lease held to the end, whether the sweep is over)."""
    with database.snapshot() as tx:
        ended = _observe(tx, record, memory)
        now = tx.now
    view = _view(record, memory, now)
    step = _Step(record, memory, ended, outputs)
    for action in decide(record, view):
        step.take(action, now)
    step.copy_checkpoints()
    last = step.updates[-1] if step.updates else None
    told = story(
        memory,
        Chapter(
            record,
            view,
            step.ended,
            step.stops,
            step.proposals,
            last,
            pauses=step.pauses,
            resumes=step.resumes,
            copies=step.copies,
        ),
    )
    log = ParentLog(outputs.storage, record)
    if step.over:  # a reader of the log stops reading at the end that is committed
        log.append(told)
    with database.transaction(actor="server") as tx:
        applied = step.write(tx)
        if step.moves_jobs:
            tx.after_commit(wake_jobs)
    if not step.over:
        log.append(told)
    return applied, step.over


def _observe(tx: Transaction, record: JobRecord, memory: SweepMemory) -> list[TrialRecord]:
    """Trials that have ended or paused since the last look, learned from; with a policy, curves of those that run."""
    unfinished = memory.unfinished()
    if not unfinished:
        return []
    names = [trial.job_name for trial in unfinished]
    children = {child.name: child for child in tx.jobs.named(record.workspace, names)}
    over = [trial for trial in unfinished if trial.job_name in children and children[trial.job_name].status.terminal]
    if memory.rule is not None:
        moving = [trial for trial in unfinished if trial.phase.running]
        first = tx.runs.curves([trial.run_id for trial in moving], memory.metrics[0])
        for trial in moving:
            memory.follow(trial, first.get(trial.run_id, []))
    paused = [trial for trial in unfinished if _has_paused(trial, children.get(trial.job_name))]
    curves = [tx.runs.curves([trial.run_id for trial in over], metric) for metric in memory.metrics] if over else []
    ended = [
        memory.end(trial, children[trial.job_name], [found.get(trial.run_id, []) for found in curves])
        for trial in sorted(over, key=lambda trial: (children[trial.job_name].ended_at or tx.now, trial.number))
    ]
    return [*ended, *[memory.pause(trial, children[trial.job_name]) for trial in paused]]


def _has_paused(trial: TrialRecord, child: JobRecord | None) -> bool:
    return trial.phase is TrialPhase.PAUSING and child is not None and child.status is JobStatus.PAUSED


def _view(record: JobRecord, memory: SweepMemory, now: Any) -> SweepView:
    best = memory.best()
    failure = record.state.get("failure")
    verdicts = memory.verdicts()
    resumable = memory.resumable(memory.plan.places - len(memory.running()))
    return SweepView(
        now=now,
        phases={number: trial.phase for number, trial in memory.trials.items()},
        limits=memory.limits,
        places=memory.plan.places,
        verdicts={number: why for number, (what, why) in verdicts.items() if what is Verdict.STOP},
        pauses={number: why for number, (what, why) in verdicts.items() if what is Verdict.PAUSE},
        resumable=resumable,
        sources=memory.sources(resumable),
        new_first=memory.rule is not None and memory.rule.new_first,
        leader=memory.leader(),
        best=None if best is None else best.number,
        exhausted=memory.exhausted,
        cost=memory.cost,
        failure=JobError(**failure) if failure else None,
    )


@dataclass
class _Step:
    record: JobRecord
    memory: SweepMemory
    ended: Sequence[TrialRecord]
    outputs: JobOutputs
    updates: list[JobUpdate] = field(default_factory=list)
    stops: list[TrialRecord] = field(default_factory=list)
    pauses: list[TrialRecord] = field(default_factory=list)
    resumes: list[TrialRecord] = field(default_factory=list)
    copies: list[TrialRecord] = field(default_factory=list)
    placed: list[int] = field(default_factory=list)
    proposals: list[Proposal] = field(default_factory=list)
    wake_seconds: list[float] = field(default_factory=list)
    over: bool = False

    def take(self, action: Action, now: Any) -> None:
        """Prepare one action; nothing is written yet."""
        match action:
            case SetStatus():
                self.updates.append(_status_update(self.record, action, now))
                self.over = self.over or action.status.terminal
            case StopTrial():
                trial = self.memory.trials[action.number]
                stopping = replace(trial, phase=TrialPhase.STOPPING, reason=action.reason, by_policy=action.by_policy)
                self.memory.trials[action.number] = stopping
                self.stops.append(stopping)
            case PauseTrial():
                self._move(action.number, TrialPhase.PAUSING, action.reason, self.pauses)
            case CopyTrial():
                self.copies.append(self.memory.copy(action.number, action.source, action.reason))
            case ResumeTrial():
                if self.memory.trials[action.number].phase is TrialPhase.COPYING:
                    self.placed.append(action.number)
                self._move(action.number, TrialPhase.ACTIVE, None, self.resumes)
            case StartTrials():
                self._propose(action.count)
            case WakeAfter():
                self.wake_seconds.append(action.seconds)

    def copy_checkpoints(self) -> None:
        """Put the checkpoints in place that the last step decided on; doing it again changes nothing. A trial whose
        source has none goes on as it was."""
        for number in self.placed:
            trial = self.memory.trials[number]
            source = self.memory.trials[trial.copies[-1].source]
            if not copy_checkpoint(self.outputs.storage, self.record.workspace, source.run_id, trial.run_id):
                self.memory.take_back_copy(number)
        self.resumes = [self.memory.trials[trial.number] for trial in self.resumes]

    def write(self, tx: Transaction) -> bool:
        """Everything of this step in one transaction; False, with nothing kept, when the lease was lost."""
        for trial in [*self.ended, *self.stops, *self.pauses, *self.copies, *self.resumes]:
            tx.trials.save(trial)
        for trial in [*self.pauses, *self.resumes]:
            wanted = trial.phase is TrialPhase.PAUSING
            tx.jobs.request_pause(self.record.workspace, trial.job_name, wanted=wanted)
        for number in self.placed:
            change_trial(tx, self.record, self.memory.job, self.memory.plan, self.memory.trials[number])
        for trial in self.stops:
            tx.jobs.request_cancel(self.record.workspace, trial.job_name)
        for proposal in self.proposals:
            made = submit_trial(tx, self.record, self.memory.job, self.memory.plan, proposal)
            self.memory.trials[made.number] = made
        if not tx.jobs.apply(self.record, *self._job_updates(tx)):
            raise LeaseLost(self.record.name)
        if self.over and tx.jobs.get(self.record.workspace, self.record.name).spec != self.record.spec:
            raise LeaseLost(self.record.name)  # it was extended while its end was decided
        if self.over and self.record.parent_name:
            tx.jobs.wake(self.record.workspace, self.record.parent_name)
        last = self.updates[-1].status if self.updates else None
        if last in RUN_STATUSES:
            tx.runs.end(self.record.run_id, RUN_STATUSES[last], tx.now)
        elif last is JobStatus.RUNNING:
            tx.runs.begin(self.record.run_id, tx.now)
        return True

    @property
    def moves_jobs(self) -> bool:
        """Whether another controller gets something to do: that of the trials' jobs, or of the sweep's parent."""
        return bool(
            self.proposals or self.stops or self.pauses or self.resumes or (self.over and self.record.parent_name)
        )

    def _move(self, number: int, phase: TrialPhase, reason: str | None, moved: list[TrialRecord]) -> None:
        trial = replace(self.memory.trials[number], phase=phase, reason=reason)
        self.memory.trials[number] = trial
        moved.append(trial)

    def _propose(self, count: int) -> None:
        for _ in range(count):
            proposal = self.memory.propose()
            if proposal is None:
                self.wake_seconds.append(0.0)  # the end of the space is a fact for the next decision
                return
            self.proposals.append(proposal)

    def _job_updates(self, tx: Transaction) -> list[JobUpdate]:
        """The changes of the sweep's own row; the last says when to look again."""
        best = self.memory.best()
        properties = {**self.record.properties, **_summary(best)}
        changes: dict[str, Any] = {"properties": properties} if properties != self.record.properties else {}
        if self.over and best is not None:
            changes["state"] = final_state(self.record, self.memory.job, self.memory.plan, best)
            self.outputs.record(tx, replace(self.record, state=changes["state"]))
        updates = self.updates or [JobUpdate()]
        wake = self._wake()
        wake_at = None if wake is None else tx.now + timedelta(seconds=wake)
        return [*updates[:-1], replace(updates[-1], wake_at=wake_at, **changes)]

    def _wake(self) -> float | None:
        if self.memory.rule is not None and self.memory.running():
            return min([POLICY_SECONDS, *self.wake_seconds])
        return min(self.wake_seconds, default=None)


class LeaseLost(Exception):
    """Another controller has the sweep: what this step prepared must not be written."""


def _status_update(record: JobRecord, action: SetStatus, now: Any) -> JobUpdate:
    started = now if action.status is JobStatus.RUNNING and record.started_at is None else None
    error = action.error.to_dict() if action.error else None
    return JobUpdate(status=action.status, started_at=started, error=error)


def _summary(best: TrialRecord | None) -> Mapping[str, str]:
    if best is None or not best.objectives:
        return {}
    return {"best_child_run_id": best.run_id, "score": repr(best.objectives[0])}
