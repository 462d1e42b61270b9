"""The records of a task directory, read from outside the launcher (docs/architecture.md, "Task directory")."""

from __future__ import annotations

import errno
import fcntl
import json
import os
from functools import cached_property
from pathlib import Path
from typing import Any

from modelyard.domain.errors import StorageFull
from modelyard.domain.task import ExitRecord, TaskObservation, TaskPhase
from modelyard.kit.process import runs


class TaskFiles:
    """One task directory. Records appear whole, in the order launcher, started, exit; the claim is a lock on a file."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TaskFiles) and other.directory == self.directory

    def __hash__(self) -> int:
        return hash(self.directory)

    @cached_property
    def task_id(self) -> str:
        return str((self._read("task.json") or {}).get("task_id", ""))

    @property
    def claimed(self) -> bool:
        """A launcher has, or had, this task: it is never run again."""
        return (self.directory / "launcher.json").exists()

    def prepare(self, document: dict[str, Any]) -> None:
        """Write `task.json`, which holds the job's token, for its owner's eyes alone. Raises StorageFull."""
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._write("task.json", document)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise StorageFull("The disk is full: the task could not be written.") from error
            raise

    def observe(self) -> TaskObservation:
        """Where the records say that the task stands."""
        exited = self.exit_record()
        if exited is None and self.claimed and not self._claim_is_held():
            # The launcher is gone; its last act may have been the record, a moment after we looked.
            exited = self.exit_record()
            if exited is None:
                return TaskObservation(TaskPhase.LOST, reason="Its launcher was killed.", started_at=self.started_at())
        if exited is not None:
            return TaskObservation(TaskPhase.EXITED, exit=exited, started_at=exited.started_at)
        if not self.claimed:
            return TaskObservation(TaskPhase.ABSENT)
        started = self.started_at()
        return TaskObservation(TaskPhase.STARTING if started is None else TaskPhase.RUNNING, started_at=started)

    def exit_record(self) -> ExitRecord | None:
        record = self._read("exit.json")
        return None if record is None else ExitRecord.from_dict(record)

    def started_at(self) -> float | None:
        record = self._read("started.json")
        return None if record is None else float(record["started_at"])

    def launcher_pid(self) -> int | None:
        """The launcher's pid while that very process lives."""
        record = self._read("launcher.json")
        return record["pid"] if record is not None and runs(record["pid"], record["pid_start"]) else None

    def bar(self) -> bool:
        """Keep any launcher from ever taking this task. False when one has it already."""
        with (self.directory / "claim").open("a+b") as claim:
            try:
                fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            if self.claimed:
                return False
            self._write("launcher.json", {"pid": 0, "pid_start": None, "barred": True})
            self._write("exit.json", {"exit_code": None, "cancelled": True})
            return True

    def _claim_is_held(self) -> bool:
        """Whether a launcher, or the guard that cleans up after it, still has the claim."""
        try:
            with (self.directory / "claim").open("rb") as claim:
                fcntl.flock(claim, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except FileNotFoundError:
            return False
        return False

    def _write(self, name: str, record: dict[str, Any]) -> None:
        temporary = self.directory / f".{name}.{os.getpid()}"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as stream:
            json.dump(record, stream)
        temporary.replace(self.directory / name)

    def _read(self, name: str) -> dict[str, Any] | None:
        try:
            record: dict[str, Any] = json.loads((self.directory / name).read_text())
        except (FileNotFoundError, NotADirectoryError):
            return None
        return record
