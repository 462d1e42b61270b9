"""A compute backend runs tasks: one command on one node, watched from its launch to its exit record."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from modelyard.domain.task import ExitRecord, Resources, TaskObservation, TaskPhase

__all__ = ["ComputeBackend", "ExitRecord", "Resources", "SweepsOrphans", "TaskObservation", "TaskPhase", "TaskSpec"]

Handle = dict[str, Any]
Watcher = Callable[[TaskObservation], None]


@dataclass(frozen=True)
class TaskSpec:
    """One task: its own directory on the node, and the document that the launcher reads there (`task.json`)."""

    task_id: str
    directory: str
    document: dict[str, Any]
    resources: Resources = field(default_factory=Resources)


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
