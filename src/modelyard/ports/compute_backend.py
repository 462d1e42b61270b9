"""A compute backend runs tasks: one command on one node, watched from its launch to its exit record."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Handle = dict[str, Any]
Watcher = Callable[["TaskObservation"], None]


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
class TaskSpec:
    """One task: its own directory on the node, and the document that the launcher reads there (`task.json`)."""

    task_id: str
    directory: str
    document: dict[str, Any]
    resources: Resources = Resources()


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
    details: dict[str, Any] = field(default_factory=dict)


class ComputeBackend(ABC):
    """Runs tasks that outlive the server.

    Threads: every method may be called from any thread. A handle is JSON, kept in the job's row, and is good for any
    process on the same machine (or with the same credentials), before and after a restart.
    """

    @abstractmethod
    def capacity(self) -> Resources:
        """Everything that tasks may take here at one time."""

    @abstractmethod
    def launch(self, task: TaskSpec) -> Handle:
        """Start the task and return at once, without waiting for user code.

        Idempotent by directory: however often and by whomever a task directory is launched, its command runs at
        most once. Raises StorageFull or Unavailable when the task could not be handed over; nothing runs then.
        """

    @abstractmethod
    def handle(self, directory: str) -> Handle:
        """The handle of a task directory that this or an earlier process prepared."""

    @abstractmethod
    def observe(self, handle: Handle) -> TaskObservation:
        """Where the task stands now. Never raises for a task that is gone: that is LOST or ABSENT."""

    @abstractmethod
    def watch(self, handle: Handle, callback: Watcher) -> None:
        """Call back, from another thread, when the task begins to run and when it has exited or is lost.

        The last call (EXITED or LOST) comes exactly once, also when that was so already. Watching twice replaces the
        callback. The callback must not block.
        """

    @abstractmethod
    def stop(self, handle: Handle, grace_seconds: float) -> None:
        """Ask the whole process tree to end, kill it after the grace, and return at once. Harmless when it is gone."""

    @abstractmethod
    def close(self) -> None:
        """Stop watching. Tasks go on."""


class SweepsOrphans(ABC):
    """A backend that can find processes of tasks that nobody follows any more."""

    @abstractmethod
    def sweep(self, task_id: str) -> int:
        """Kill every process that belongs to this task and return how many there were."""
