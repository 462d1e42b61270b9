"""A task as everybody above the launcher sees it: what it takes, where it stands, how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class TaskPhase(StrEnum):
    ABSENT = "absent"  # no launcher ever claimed the task directory
    STARTING = "starting"  # the launcher lives, user code has not begun
    RUNNING = "running"
    EXITED = "exited"  # the exit record is there
    LOST = "lost"  # the launcher died without an exit record


@dataclass(frozen=True)
class Resources:
    """What a task takes, or what a compute has. Memory 0 asks for none in particular."""

    cpus: float = 1.0
    memory_bytes: int = 0
    gpus: int = 0

    def fits(self, free: Resources) -> bool:
        return self.cpus <= free.cpus and self.memory_bytes <= free.memory_bytes and self.gpus <= free.gpus

    def __add__(self, other: Resources) -> Resources:
        return Resources(self.cpus + other.cpus, self.memory_bytes + other.memory_bytes, self.gpus + other.gpus)

    def __sub__(self, other: Resources) -> Resources:
        return Resources(self.cpus - other.cpus, self.memory_bytes - other.memory_bytes, self.gpus - other.gpus)


@dataclass(frozen=True)
class ExitRecord:
    """How a task ended; `exit.json` of the launcher contract."""

    exit_code: int | None
    signal: int | None = None
    timed_out: bool = False
    cancelled: bool = False
    started_at: float | None = None
    ended_at: float | None = None
    error: dict[str, Any] | None = None

    @property
    def succeeded(self) -> bool:
        return self.exit_code == 0 and not self.timed_out and not self.cancelled and self.error is None

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> ExitRecord:
        """Read an `exit.json`; keys of later versions are ignored."""
        return cls(**{name: record.get(name, default) for name, default in _EXIT_DEFAULTS.items()})


_EXIT_DEFAULTS: dict[str, Any] = {
    "exit_code": None,
    "signal": None,
    "timed_out": False,
    "cancelled": False,
    "started_at": None,
    "ended_at": None,
    "error": None,
}


@dataclass(frozen=True)
class TaskObservation:
    phase: TaskPhase
    exit: ExitRecord | None = None
    started_at: float | None = None
    reason: str | None = None
