"""The warm processes of a local compute: one for each kind of task; of too many the longest unused goes."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Mapping

from modelyard.compute.launchers import ForkedLauncher
from modelyard.compute.task_files import TaskFiles
from modelyard.compute.warm_kind import WarmKind
from modelyard.compute.warm_process import Request, WarmProcess

FORGET_SECONDS = 300.0

Spawn = Callable[[TaskFiles, int, str], "subprocess.Popen[bytes]"]


class WarmPool:
    """Threads: every method may be called from any thread.

    The processes end with this one, also when it is killed; tasks that they have begun go on.
    """

    def __init__(self, base: Mapping[str, str], spawn: Spawn, *, idle_seconds: float, most: int) -> None:
        """`spawn` starts a launcher anew: its task, the descriptor of its output, a note for its log."""
        self._base = base
        self._spawn = spawn
        self._idle_seconds = idle_seconds
        self._most = most
        self._lock = threading.Lock()
        self._processes: dict[WarmKind, WarmProcess] = {}
        self._failures: dict[WarmKind, tuple[float, str]] = {}

    def launch(self, files: TaskFiles, kind: WarmKind, settled: Callable[[], None]) -> ForkedLauncher:
        """A launcher on its way; `settled` is called, perhaps at once, when its process is there."""
        launcher = ForkedLauncher()
        request = Request(launcher, lambda asked, why: self._start(files, asked, why), settled)
        why = self._ask(files, kind, request)
        if why:
            self._start(files, launcher, why)
        return launcher

    def pids(self) -> list[int]:
        with self._lock:
            return [one.pid for one in self._processes.values()]

    def close(self) -> None:
        with self._lock:
            processes = list(self._processes.values())
            self._most = 0
        for one in processes:
            one.end()
        for one in processes:
            one.join()

    def _ask(self, files: TaskFiles, kind: WarmKind, request: Request) -> str:
        """Why it cannot be forked; empty when a warm process has been asked."""
        with self._lock:
            failed = self._failures.get(kind)
            if failed is not None and time.monotonic() - failed[0] < FORGET_SECONDS:
                return failed[1]
            if self._most < 1:
                return "warm processes are switched off"
            process = self._processes.get(kind)
            if process is not None and process.ask(str(files.directory), request):
                return ""
            try:
                process = WarmProcess(kind, self._base, self._idle_seconds, self._forget)
            except OSError as error:
                return f"the warm process could not be started: {error}"
            self._processes[kind] = process
            if not process.ask(str(files.directory), request):
                return "the warm process has ended"
            crowded = sorted(self._processes.values(), key=lambda one: one.used_at)[: -self._most]
        for one in crowded:
            one.end()
        return ""

    def _start(self, files: TaskFiles, launcher: ForkedLauncher, why: str) -> None:
        launcher.start(lambda output: self._spawn(files, output, f"not warm: {why}"))

    def _forget(self, process: WarmProcess) -> None:
        with self._lock:
            if self._processes.get(process.kind) is process:
                del self._processes[process.kind]
            if process.failure:
                self._failures[process.kind] = (time.monotonic(), process.failure)
