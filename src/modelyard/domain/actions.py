"""What a job kind may ask of its controller. A decider returns these; only the controller carries them out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from modelyard.domain.pipeline_graph import NodePhase
from modelyard.domain.statuses import JobStatus


@dataclass(frozen=True)
class JobError:
    """Why a job failed, as shown first to its owner."""

    type: str
    message: str
    where: str | None = None
    hint: str | None = None
    exit_code: int | None = None

    def to_dict(self) -> dict[str, Any]:
        values = {
            "type": self.type,
            "message": self.message,
            "where": self.where,
            "hint": self.hint,
            "exit_code": self.exit_code,
        }
        return {key: value for key, value in values.items() if value is not None}


@dataclass(frozen=True)
class BuildEnvironment:
    """Begin, or go on waiting for, the build of the job's environment."""


@dataclass(frozen=True)
class LaunchTask:
    """Start the job's task on its compute as this attempt."""

    attempt: int


@dataclass(frozen=True)
class StopTask:
    """End the task's process tree."""

    grace_seconds: float = 10.0


@dataclass(frozen=True)
class RecordOutputs:
    """Register named outputs and close the run."""


@dataclass(frozen=True)
class SetStatus:
    """Move the job, in the order given, through one legal transition."""

    status: JobStatus
    error: JobError | None = None


@dataclass(frozen=True)
class WakeAfter:
    """Look at the job again after so many seconds, unless something happens before."""

    seconds: float


@dataclass(frozen=True)
class StartTrials:
    """Propose so many further trials and submit their jobs (sweeps only)."""

    count: int


@dataclass(frozen=True)
class StopTrial:
    """End an active trial; what it logged so far counts when a policy ended it (sweeps only)."""

    number: int
    reason: str
    by_policy: bool = True


@dataclass(frozen=True)
class PauseTrial:
    """End the task of an active trial and keep its job, to go on from its checkpoint (sweeps only)."""

    number: int
    reason: str


@dataclass(frozen=True)
class ResumeTrial:
    """Queue a paused trial as a further attempt (sweeps only)."""

    number: int


@dataclass(frozen=True)
class CopyTrial:
    """Let a paused trial go on from another's checkpoint, with parameters near that one's (sweeps only)."""

    number: int
    source: int
    reason: str


@dataclass(frozen=True)
class StartNode:
    """Submit the job of a node, or take an earlier run of it (pipelines only).

    `instance` is the node itself, or one run of a loop's body; `previous` the iteration before, `item` the number of
    the item from 0.
    """

    node: str
    instance: str
    previous: str | None = None
    item: int | None = None


@dataclass(frozen=True)
class SkipNode:
    """Write down the end of a node that has no job (pipelines only)."""

    node: str
    reason: str
    phase: NodePhase = NodePhase.SKIPPED


@dataclass(frozen=True)
class StopNode:
    """Cancel the job of an active node (pipelines only)."""

    instance: str


Action = (
    BuildEnvironment
    | LaunchTask
    | StopTask
    | RecordOutputs
    | SetStatus
    | WakeAfter
    | StartTrials
    | StopTrial
    | PauseTrial
    | ResumeTrial
    | CopyTrial
    | StartNode
    | SkipNode
    | StopNode
)
