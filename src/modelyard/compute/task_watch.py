"""One thread that follows any number of launchers and says when user code begins and when a task is over.

A launcher of this process is followed by its pipe and its pidfd, one of an earlier process by its pidfd alone. Where
the kernel has no pidfds, and for the few records that nothing announces, the thread looks at short intervals.
"""

from __future__ import annotations

import logging
import os
import selectors
import signal
import threading
import time
from collections.abc import Callable

from modelyard.compute.launchers import Launcher
from modelyard.compute.task_files import TaskFiles
from modelyard.domain.task import TaskObservation, TaskPhase
from modelyard.ports.compute_backend import Watcher

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.1
KILL_SECONDS = 5.0  # after the second signal, for the launcher to end its tree
APART_SECONDS = 0.2  # between two signals of one kind, which merge while they wait
OUTPUT_BYTES = 8192
TAKEN_BY_ANOTHER = b"taken"


class Followed:
    """One task that is followed."""

    def __init__(self, files: TaskFiles, task_id: str, process: Launcher | None) -> None:
        self.files = files
        self.task_id = task_id
        self.process = process
        self.pidfd: int | None = None
        self.callback: Watcher | None = None
        self.told_running = False
        self.gone = False
        self.final: TaskObservation | None = None
        self.output = b""
        self.signals: list[tuple[float, int]] = []

    @property
    def pipe(self) -> int | None:
        stream = self.process.output if self.process else None
        return None if stream is None or stream.closed else stream.fileno()

    @property
    def pending(self) -> bool:
        return self.process is not None and self.process.pending

    @property
    def needs_looking(self) -> bool:
        return self.final is None and (
            self.gone or self.pidfd is None or (self.process is None and not self.told_running)
        )


class TaskWatch:
    def __init__(self, sweep: Callable[[str], int]) -> None:
        self._sweep = sweep
        self._lock = threading.RLock()
        self._followed: dict[TaskFiles, Followed] = {}
        self._selector = selectors.DefaultSelector()
        self._woken, self._waking = os.pipe()
        os.set_blocking(self._woken, False)
        os.set_blocking(self._waking, False)
        self._selector.register(self._woken, selectors.EVENT_READ, None)
        self._closing = False
        self._thread: threading.Thread | None = None

    def follows(self, files: TaskFiles) -> bool:
        """Whether a launcher of this task was started or met by this process, and its end was not yet told."""
        with self._lock:
            return files in self._followed

    def follow(self, files: TaskFiles, task_id: str, process: Launcher) -> None:
        """Follow a launcher that this process has just started."""
        with self._lock:
            self._add(Followed(files, task_id, process), None)

    def settled(self, files: TaskFiles) -> None:
        """The process of a launcher that was pending is there."""
        with self._lock:
            one = self._followed.get(files)
            if one is not None and not self._closing:
                self._open_pidfd(one)
                self._wake()

    def call(self, files: TaskFiles, task_id: str, callback: Watcher) -> None:
        """Call back about this task, whoever started it."""
        with self._lock:
            one = self._followed.get(files)
            if one is None:
                one = Followed(files, task_id or files.task_id, None)
                pid = files.launcher_pid()
                one.gone = pid is None
                self._add(one, pid)
            one.callback = callback
            one.told_running = False
            final, one.final = one.final, None
            one.gone = one.gone or final is not None
            self._wake()

    def seen(self, files: TaskFiles) -> TaskObservation | None:
        """What is known of a task without records: its launcher is on its way, or could not begin."""
        with self._lock:
            one = self._followed.get(files)
            if one is None or one.process is None:
                return None
            return one.final or TaskObservation(TaskPhase.STARTING)

    def stop(self, files: TaskFiles, task_id: str, grace_seconds: float) -> None:
        """SIGTERM now, again after the grace, SIGKILL when the launcher itself hangs."""
        with self._lock:
            one = self._followed.get(files)
            if one is None:
                one = Followed(files, task_id or files.task_id, None)
                pid = files.launcher_pid()
                one.gone = pid is None
                self._add(one, pid)
            now = time.monotonic()
            plan = [
                (now, signal.SIGTERM),
                (now + max(grace_seconds, APART_SECONDS), signal.SIGTERM),
                (now + grace_seconds + KILL_SECONDS, signal.SIGKILL),
            ]
            one.signals = one.signals or [(moment, int(number)) for moment, number in plan]
            self._wake()

    def close(self) -> None:
        """Stop following; doing so twice is harmless."""
        with self._lock:
            if self._closing:
                return
            self._closing = True
            self._wake()
        if self._thread is not None:
            self._thread.join(5)
        self._release()

    def _add(self, one: Followed, pid: int | None) -> None:
        self._followed[one.files] = one
        if one.process is not None:
            self._open_pidfd(one)
        elif pid is not None:
            one.pidfd = _pidfd(pid)
            if one.files.launcher_pid() != pid:
                one.gone = True  # it ended, and its pid may be another's, before the pidfd was there
            if one.pidfd is not None:
                self._selector.register(one.pidfd, selectors.EVENT_READ, one)
        if one.pipe is not None:
            os.set_blocking(one.pipe, False)
            self._selector.register(one.pipe, selectors.EVENT_READ, one)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="task-watch", daemon=True)
            self._thread.start()
        self._wake()

    def _open_pidfd(self, one: Followed) -> None:
        if one.process is None or one.pidfd is not None or one.gone:
            return
        one.pidfd = one.process.open_pidfd()
        if one.pidfd is not None:
            self._selector.register(one.pidfd, selectors.EVENT_READ, one)

    def _wake(self) -> None:
        try:
            os.write(self._waking, b".")
        except BlockingIOError:
            pass

    def _run(self) -> None:
        while True:
            ready = self._selector.select(self._timeout())
            calls: list[tuple[Watcher, TaskObservation]] = []
            with self._lock:
                if self._closing:
                    return
                for key, _ in ready:
                    self._read(key)
                for one in list(self._followed.values()):
                    self._send_signals(one)
                    calls += self._look(one)
            for callback, observation in calls:
                try:
                    callback(observation)
                except Exception:
                    logger.exception("a watcher of a task failed")

    def _timeout(self) -> float | None:
        with self._lock:
            moments = [one.signals[0][0] for one in self._followed.values() if one.signals and not one.pending]
            looking = any(one.needs_looking for one in self._followed.values())
        times = [max(0.0, min(moments) - time.monotonic())] if moments else []
        return min([*times, LOOK_SECONDS]) if looking else min(times, default=None)

    def _read(self, key: selectors.SelectorKey) -> None:
        one: Followed | None = key.data
        if one is None:
            _drain(self._woken)
        elif key.fd == one.pidfd:
            self._selector.unregister(key.fd)
            os.close(key.fd)
            one.gone = True
            one.pidfd = None
        else:
            self._read_pipe(one, key.fd)

    def _read_pipe(self, one: Followed, descriptor: int) -> None:
        try:
            block = os.read(descriptor, 4096)
        except BlockingIOError:
            return
        one.output = (one.output + block)[-OUTPUT_BYTES:]
        if not block and one.process is not None:
            self._selector.unregister(descriptor)
            one.process.output.close()

    def _look(self, one: Followed) -> list[tuple[Watcher, TaskObservation]]:
        """What there is to tell of one task now."""
        calls: list[tuple[Watcher, TaskObservation]] = []
        if one.final is not None:
            return calls
        if one.process is not None and one.process.poll() is not None:
            self._end_process(one)
        if (
            not one.told_running
            and one.callback is not None
            and (one.output.startswith(b"started") or one.process is None)
        ):
            seen = one.files.observe()
            if seen.phase is TaskPhase.RUNNING:
                one.told_running = True
                calls.append((one.callback, seen))
        if one.gone or (one.pidfd is None and one.process is None):
            final = self._final(one)
            if final is not None:
                one.final = final
                if one.callback is not None:
                    calls.append((one.callback, final))
                    self._forget(one)
        return calls

    def _end_process(self, one: Followed) -> None:
        """Our launcher has ended; when another launcher has the task, follow that one."""
        assert one.process is not None
        if one.pipe is not None:
            self._read_pipe(one, one.pipe)
        if one.output.startswith(TAKEN_BY_ANOTHER):
            self._drop_descriptors(one)
            one.process = None
            pid = one.files.launcher_pid()
            one.gone = pid is None
            self._add(one, pid)
        else:
            one.gone = True

    def _final(self, one: Followed) -> TaskObservation | None:
        """EXITED, or LOST once nothing of the task runs any more; None while it is too early to say."""
        seen = one.files.observe()
        if seen.phase is TaskPhase.EXITED:
            return seen
        if seen.phase is TaskPhase.ABSENT and one.process is not None and one.process.poll() is not None:
            said = one.output.decode("utf-8", "replace").strip().rpartition("\n")[2]
            return TaskObservation(TaskPhase.LOST, reason=f"Its launcher could not begin. {said}".strip())
        if seen.phase is TaskPhase.LOST:
            self._sweep(one.task_id)
            return seen
        return None

    def _send_signals(self, one: Followed) -> None:
        while one.signals and not one.pending and one.signals[0][0] <= time.monotonic():
            number = one.signals.pop(0)[1]
            if one.process is not None and one.process.poll() is None:
                one.process.send(number)
            elif one.process is None and one.pidfd is not None:
                _signal(one.pidfd, number)

    def _forget(self, one: Followed) -> None:
        self._drop_descriptors(one)
        self._followed.pop(one.files, None)

    def _drop_descriptors(self, one: Followed) -> None:
        if one.pidfd is not None:
            self._selector.unregister(one.pidfd)
            os.close(one.pidfd)
            one.pidfd = None
        if one.pipe is not None and one.process is not None:
            self._selector.unregister(one.pipe)
            one.process.output.close()

    def _release(self) -> None:
        for one in list(self._followed.values()):
            self._forget(one)
            if one.process is not None:
                one.process.abandon()
        self._selector.close()
        os.close(self._woken)
        os.close(self._waking)


def _pidfd(pid: int) -> int | None:
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None


def _signal(pidfd: int, number: int) -> None:
    try:
        signal.pidfd_send_signal(pidfd, number)
    except ProcessLookupError:
        return


def _drain(descriptor: int) -> None:
    try:
        while os.read(descriptor, 512):
            pass
    except BlockingIOError:
        return
