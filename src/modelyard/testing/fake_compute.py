"""A compute backend without processes, with the behaviour of a real one, for tests of what drives backends.

It understands three commands: `exit <n>` ends at once, `sleep` runs until it is stopped or told to end, and
`stubborn` outlasts the first request to stop. Anything else ends at once with 0.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

from modelyard.domain.task import ExitRecord, Resources, TaskObservation, TaskPhase
from modelyard.ports.compute_backend import ComputeBackend, Handle, TaskSpec, Watcher

_ABSENT = TaskObservation(TaskPhase.ABSENT)


class FakeBackend(ComputeBackend):
    def __init__(self, capacity: Resources | None = None) -> None:
        self._capacity = capacity or Resources(cpus=2, memory_bytes=1 << 33)
        self._lock = threading.Lock()
        self._tasks: dict[str, TaskSpec] = {}
        self._seen: dict[str, TaskObservation] = {}
        self._watchers: dict[str, Watcher] = {}
        self.launches: list[str] = []
        self.stops: list[tuple[str, float]] = []
        self.refuse: Exception | None = None
        """Raised by the next launch."""

    def capacity(self) -> Resources:
        return self._capacity

    def launch(self, task: TaskSpec) -> Handle:
        refusal, self.refuse = self.refuse, None
        if refusal is not None:
            raise refusal
        with self._lock:
            first = task.directory not in self._tasks
            if first:
                self._tasks[task.directory] = task
                self.launches.append(task.directory)
                self._seen[task.directory] = TaskObservation(TaskPhase.RUNNING, started_at=1.0)
        if first:
            self._play(task)
        return {"backend": "fake", "directory": task.directory}

    def handle(self, directory: str) -> Handle:
        return {"backend": "fake", "directory": directory}

    def observe(self, handle: Handle) -> TaskObservation:
        return self._seen.get(handle["directory"], _ABSENT)

    def watch(self, handle: Handle, callback: Watcher) -> None:
        directory = handle["directory"]
        with self._lock:
            self._watchers[directory] = callback
        self._tell(directory)

    def stop(self, handle: Handle, grace_seconds: float) -> None:
        directory = handle["directory"]
        self.stops.append((directory, grace_seconds))
        task = self._tasks.get(directory)
        if task is None:
            self._seen[directory] = TaskObservation(TaskPhase.EXITED, exit=ExitRecord(None, cancelled=True))
        elif task.document["command"] != "stubborn" or grace_seconds == 0:
            self.end(directory, ExitRecord(None, signal=15, cancelled=True))

    def close(self) -> None:
        self._watchers.clear()

    def end(self, directory: str, record: ExitRecord) -> None:
        """The task ends so, unless it ended before."""
        self._change(directory, lambda: TaskObservation(TaskPhase.EXITED, exit=record, started_at=1.0))

    def lose(self, directory: str) -> None:
        """The task's launcher is killed."""
        self._change(directory, lambda: TaskObservation(TaskPhase.LOST, reason="Its launcher was killed."))

    def document(self, directory: str) -> dict[str, object]:
        return self._tasks[directory].document

    def _play(self, task: TaskSpec) -> None:
        word, _, rest = str(task.document["command"]).partition(" ")
        if word not in ("sleep", "stubborn"):
            code = int(rest) if word == "exit" else 0
            error = None if code == 0 else {"type": "CommandFailed", "message": f"exit code {code}"}
            self.end(task.directory, replace(ExitRecord(code), error=error))

    def _change(self, directory: str, make: Callable[[], TaskObservation]) -> None:
        with self._lock:
            if self._seen.get(directory, _ABSENT).phase in (TaskPhase.EXITED, TaskPhase.LOST):
                return
            self._seen[directory] = make()
        self._tell(directory)

    def _tell(self, directory: str) -> None:
        """Say where the task stands from another thread, as real backends do; its end is said once."""
        with self._lock:
            seen = self._seen.get(directory, _ABSENT)
            over = seen.phase in (TaskPhase.EXITED, TaskPhase.LOST)
            watcher = self._watchers.pop(directory, None) if over else self._watchers.get(directory)
        if watcher is not None and seen.phase is not TaskPhase.ABSENT:
            thread = threading.Thread(target=watcher, args=(seen,))
            thread.start()
            thread.join()
