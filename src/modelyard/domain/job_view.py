"""What a job kind looks at when it decides: facts gathered by the controller, frozen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from modelyard.domain.actions import JobError
from modelyard.domain.task import TaskObservation


class EnvironmentPhase(StrEnum):
    READY = "ready"
    BUILDING = "building"  # also: not begun
    FAILED = "failed"


@dataclass(frozen=True)
class JobView:
    """`task` is None while there never was one. `broken` says why a task cannot be made of this job at all."""

    now: datetime
    environment: EnvironmentPhase = EnvironmentPhase.READY
    environment_error: JobError | None = None
    fits: bool = False
    task: TaskObservation | None = None
    broken: JobError | None = None
