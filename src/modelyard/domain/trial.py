"""One trial of a sweep, as it is kept."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class TrialPhase(StrEnum):
    ACTIVE = "active"
    STOPPING = "stopping"  # the policy or a wall ends it; its job has not ended yet
    PAUSING = "pausing"  # at a rung; its task has not ended yet
    PAUSED = "paused"
    COPYING = "copying"  # it is to go on from another trial's checkpoint, which is not in its place yet
    COMPLETED = "completed"
    STOPPED = "stopped"  # by the policy: what it logged counts
    FAILED = "failed"
    CANCELED = "canceled"  # by a wall or a person

    @property
    def over(self) -> bool:
        return self in (TrialPhase.COMPLETED, TrialPhase.STOPPED, TrialPhase.FAILED, TrialPhase.CANCELED)

    @property
    def running(self) -> bool:
        """Whether it takes one of the places of its sweep."""
        return self in (TrialPhase.ACTIVE, TrialPhase.STOPPING, TrialPhase.PAUSING, TrialPhase.COPYING)

    @property
    def counts(self) -> bool:
        """Whether its values may be the best of the sweep."""
        return self in (TrialPhase.COMPLETED, TrialPhase.STOPPED, TrialPhase.CANCELED)


@dataclass(frozen=True, slots=True)
class TrialCopy:
    """That a trial went on from the checkpoint of trial `source`, after `values` logged values of its own."""

    source: int
    values: int
    replaced: dict[str, Any]
    """The parameters that it had until then."""

    def to_dict(self) -> dict[str, Any]:
        return {"source": self.source, "values": self.values, "replaced": self.replaced}


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialRecord:
    """`objectives` are the values of the sweep's metrics, in their order; `curve` the logged values of the first."""

    workspace: str
    sweep_name: str
    number: int
    job_name: str
    run_id: str
    parameters: dict[str, Any]
    memento: dict[str, Any]
    phase: TrialPhase = TrialPhase.ACTIVE
    objectives: list[float] | None = None
    curve: list[float] = field(default_factory=list)
    copies: list[TrialCopy] = field(default_factory=list)
    """Whom it copied, the last one last (population based training)."""
    reason: str | None = None
    """Why it was stopped, or failed."""
    by_policy: bool = False
    """Stopped by the sweep's early termination, not by a wall or a person."""
    cost: float = 0.0
    """Core-seconds that its job took."""
    created_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a trial has come to so far."""

    number: int
    phase: TrialPhase
    objectives: list[float] | None
    cost: float
    ended_at: datetime | None


def to_json(values: Sequence[float] | None) -> list[float | str] | None:
    """Numbers as JSON holds them: NaN and the infinities as text."""
    return None if values is None else [value if math.isfinite(value) else str(value) for value in values]


def from_json(values: Sequence[float | str] | None) -> list[float] | None:
    return None if values is None else [float(value) for value in values]
