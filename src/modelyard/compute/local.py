"""The local compute: launchers as detached processes of this machine, which outlive the server."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from modelyard.compute.launchers import Launcher, StartedLauncher
from modelyard.compute.python_command import NotPlain
from modelyard.compute.task_files import TaskFiles
from modelyard.compute.task_watch import TaskWatch
from modelyard.compute.warm_kind import WarmKind, warm_task
from modelyard.compute.warm_pool import WarmPool
from modelyard.domain.errors import StorageFull, Unavailable
from modelyard.domain.task import Resources, TaskObservation, TaskPhase
from modelyard.kit.inherited import inherited
from modelyard.ports.compute_backend import ComputeBackend, Handle, SweepsOrphans, TaskSpec, Watcher

LAUNCHER = Path(__file__).parents[1] / "runtime" / "__main__.py"


class LocalBackend(ComputeBackend, SweepsOrphans):
    """Starts one launcher per task and follows all of them from one thread."""

    def __init__(
        self,
        capacity: Resources | None = None,
        *,
        python: str = sys.executable,
        environment: Mapping[str, str] | None = None,
        warm_idle_seconds: float = 600.0,
        warm_processes: int = 4,
    ) -> None:
        self._capacity = capacity or machine_capacity()
        self._python = python
        self._environment = inherited(os.environ if environment is None else environment)
        self._watch = TaskWatch(sweep=self.sweep)
        self._warm = WarmPool(self._environment, self._spawn, idle_seconds=warm_idle_seconds, most=warm_processes)

    def capacity(self) -> Resources:
        return self._capacity

    def launch(self, task: TaskSpec) -> Handle:
        files = TaskFiles(Path(task.directory))
        if not files.claimed and not self._watch.follows(files):
            try:
                document, kind = _prepared(task.document)
                files.prepare(document)
                self._watch.follow(files, task.task_id, self._launcher(files, kind))
            except StorageFull:
                raise
            except OSError as error:
                raise Unavailable(f"The task could not be started: {error}.") from error
        return {"backend": "local", "directory": task.directory, "task_id": task.task_id}

    def handle(self, directory: str) -> Handle:
        return {"backend": "local", "directory": directory, "task_id": TaskFiles(Path(directory)).task_id}

    def observe(self, handle: Handle) -> TaskObservation:
        files = TaskFiles(Path(handle["directory"]))
        seen = files.observe()
        if seen.phase is TaskPhase.ABSENT:
            return self._watch.seen(files) or seen
        return seen

    def watch(self, handle: Handle, callback: Watcher) -> None:
        self._watch.call(TaskFiles(Path(handle["directory"])), str(handle.get("task_id", "")), callback)

    def stop(self, handle: Handle, grace_seconds: float) -> None:
        files = TaskFiles(Path(handle["directory"]))
        if not files.directory.exists() or files.bar():
            return
        self._watch.stop(files, str(handle.get("task_id", "")), grace_seconds)

    def sweep(self, task_id: str) -> int:
        if not task_id:
            return 0
        done = subprocess.run(
            [self._python, "-I", "-S", str(LAUNCHER), "--sweep", task_id],
            capture_output=True,
            check=False,
            timeout=30,
            env=self._environment,
        )
        return int(done.stdout or 0)

    def warm_pids(self) -> list[int]:
        """The processes that tasks are forked from."""
        return self._warm.pids()

    def close(self) -> None:
        self._warm.close()
        self._watch.close()

    def _launcher(self, files: TaskFiles, kind: WarmKind | None) -> Launcher:
        if kind is not None:
            return self._warm.launch(files, kind, lambda: self._watch.settled(files))
        return StartedLauncher(self._spawn(files, subprocess.PIPE))

    def _spawn(self, files: TaskFiles, output: int, *notes: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [self._python, "-I", "-S", str(LAUNCHER), str(files.directory), *notes],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=self._environment,
            cwd="/",
            start_new_session=True,
        )


def _prepared(document: dict[str, Any]) -> tuple[dict[str, Any], WarmKind | None]:
    """The document for the launcher, and the kind of warm process that may fork it."""
    if document.get("warm") is None:
        return document, None
    try:
        task = warm_task(document)
    except NotPlain as reason:
        cold = {name: value for name, value in document.items() if name != "warm"}
        return {**cold, "notes": [*document.get("notes", ()), f"not warm: {reason}"]}, None
    return {**document, "warm": task.document()}, task.kind


def machine_capacity(cpus: float | None = None, memory_bytes: int | None = None, gpus: int | None = None) -> Resources:
    """What this machine has, each figure replaced by the given one."""
    return Resources(
        cpus=cpus if cpus is not None else float(len(os.sched_getaffinity(0))),
        memory_bytes=memory_bytes if memory_bytes is not None else _memory_bytes(),
        gpus=gpus if gpus is not None else len(list(Path("/proc/driver/nvidia/gpus").glob("*"))),
    )


def _memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
