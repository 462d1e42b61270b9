"""The log of a sweep: what is searched, every start and end of a trial, each new best, and why it ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from modelyard.controllers.sweep_memory import SweepMemory
from modelyard.domain.job_record import JobRecord, JobUpdate
from modelyard.domain.statuses import JobStatus
from modelyard.domain.trial import TrialPhase, TrialRecord
from modelyard.kinds.sweep import SweepView, wall_of
from modelyard.services.sweeps import objectives_of, range_notes
from modelyard.tuning.search import Proposal
from modelyard.tuning.space import flatten

_LONGEST_VALUE = 60


@dataclass(frozen=True)
class Chapter:
    """What one step of a sweep is about to write. `last` is the last change of the sweep's own status, if any."""

    record: JobRecord
    view: SweepView
    ended: Sequence[TrialRecord]
    stops: Sequence[TrialRecord]
    proposals: Sequence[Proposal]
    last: JobUpdate | None
    pauses: Sequence[TrialRecord] = ()
    resumes: Sequence[TrialRecord] = ()
    copies: Sequence[TrialRecord] = ()


def story(memory: SweepMemory, chapter: Chapter) -> list[str]:
    """The lines that tell a step, with the time at which it was decided; `memory` keeps what was told."""
    time = chapter.view.now.strftime("%H:%M:%S")
    return [f"{time}  {line}" for line in _lines(memory, chapter)]


def _lines(memory: SweepMemory, chapter: Chapter) -> Iterator[str]:
    if chapter.record.started_at is None and chapter.record.status is JobStatus.NOT_STARTED:
        yield from _beginning(memory, chapter.record)
    elif memory.taken_up:
        yield f"taken up again: {_counts(memory)}"
    memory.taken_up = False
    for trial in chapter.ended:
        yield _end(memory, trial)
    best = memory.best()
    if best is not None and best.number != memory.told_best:
        memory.told_best = best.number
        yield f"best so far: trial {best.number}, {_values(memory, best)} ({_shown(best.parameters)})"
    for trial in chapter.stops:
        yield f"trial {trial.number} is stopped: {trial.reason}"
    for trial in chapter.pauses:
        yield f"trial {trial.number} is to pause: {trial.reason}"
    for trial in chapter.resumes:
        yield f"trial {trial.number} goes on from its checkpoint"
    for trial in chapter.copies:
        near, source = _shown(trial.parameters), trial.copies[-1].source
        yield f"trial {trial.number} is to go on from a copy of trial {source} with {near}: {trial.reason}"
    for proposal in chapter.proposals:
        yield f"trial {proposal.number} starts: {_shown(proposal.parameters)}"
    over = chapter.last is not None and chapter.last.status is not None and chapter.last.status.terminal
    if chapter.ended and not over:
        yield _counts(memory)
    if over and chapter.last is not None:
        yield from _final(memory, chapter, chapter.last)


def _beginning(memory: SweepMemory, record: JobRecord) -> Iterator[str]:
    job = memory.job
    goals = ", ".join(f"{one.goal.value} {one.primary_metric}" for one in objectives_of(job))
    limits = f"at most {job.limits.max_total_trials} trials, {memory.plan.places} at a time"
    policy = getattr(job.early_termination, "type", "none")
    algorithm = getattr(job.sampling_algorithm, "type", "random")
    yield f"sweep {record.name}: {goals}; {limits}"
    yield f"sampling: {algorithm}, seed {memory.plan.seed}; early termination: {policy}"
    yield from range_notes(job)


def _end(memory: SweepMemory, trial: TrialRecord) -> str:
    values = _values(memory, trial)
    reason = f": {trial.reason}" if trial.reason and trial.phase is not TrialPhase.COMPLETED else ""
    return f"trial {trial.number} {trial.phase.value}{f', {values}' if values else ''}, {trial.cost:g} core-s{reason}"


def _final(memory: SweepMemory, chapter: Chapter, last: JobUpdate) -> Iterator[str]:
    why = wall_of(chapter.record, chapter.view)
    if why is None:
        why = "every point of the space was tried" if memory.exhausted else "all trials are over"
    error = f" ({last.error['message']})" if last.error and last.error.get("message") not in (None, why) else ""
    yield f"the sweep ends {last.status}: {why}{error}; {_counts(memory)}"
    best = memory.best()
    if best is not None:
        yield f"best: trial {best.number} ({best.job_name}), {_values(memory, best)}, {_shown(best.parameters)}"


def _counts(memory: SweepMemory) -> str:
    counted = Counter(trial.phase for trial in memory.trials.values())
    over = sum(count for phase, count in counted.items() if phase.over)
    parts = ", ".join(f"{counted[phase]} {phase.value}" for phase in TrialPhase if counted[phase])
    return f"{over} of {memory.job.limits.max_total_trials} trials over ({parts or 'none yet'})"


def _values(memory: SweepMemory, trial: TrialRecord) -> str:
    values = trial.objectives or []
    return ", ".join(f"{name} {value:.6g}" for name, value in zip(memory.metrics, values, strict=False))


def _shown(parameters: dict[str, Any]) -> str:
    flat = flatten(parameters)
    return " ".join(f"{name}={value[:_LONGEST_VALUE]}" for name, value in flat.items() if not value.startswith("{"))
