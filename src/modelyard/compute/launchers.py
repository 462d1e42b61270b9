"""A launcher's process as the watch sees it: one that was started, or one that is being forked by a warm process."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import IO


class Launcher(ABC):
    """Threads: every method may be called from any thread."""

    output: IO[bytes]
    """Its standard output, which says `started` when user code has begun."""

    @property
    @abstractmethod
    def pending(self) -> bool:
        """There is no process yet."""

    @abstractmethod
    def open_pidfd(self) -> int | None:
        """A descriptor that is readable when the process has ended; None without one. The caller closes it."""

    @abstractmethod
    def poll(self) -> int | None:
        """None while it is on its way or runs, then a number."""

    @abstractmethod
    def send(self, number: int) -> None:
        """Send a signal, if it still runs."""

    @abstractmethod
    def abandon(self) -> None:
        """Nobody here will look at it again; it goes on."""


class StartedLauncher(Launcher):
    """A child of this process."""

    def __init__(self, process: subprocess.Popen[bytes], output: IO[bytes] | None = None) -> None:
        given = output or process.stdout
        assert given is not None
        self.output = given
        self._process = process

    @property
    def pending(self) -> bool:
        return False

    def open_pidfd(self) -> int | None:
        try:
            return os.pidfd_open(self._process.pid)
        except (AttributeError, OSError):
            return None

    def poll(self) -> int | None:
        return self._process.poll()

    def send(self, number: int) -> None:
        self._process.send_signal(number)

    def abandon(self) -> None:
        self._process.returncode = self._process.poll() or 0


class ForkedLauncher(Launcher):
    """Asked of a warm process; becomes a child of that, or is started here after all."""

    def __init__(self) -> None:
        reading, self._writing = os.pipe()
        self.output = os.fdopen(reading, "rb", 0)
        self._lock = threading.RLock()
        self._pidfd: int | None = None
        self._started: Launcher | None = None
        self._code: int | None = None

    @property
    def writing(self) -> int:
        """The end of its output that its process is to have."""
        return self._writing

    @property
    def pending(self) -> bool:
        with self._lock:
            return self._pidfd is None and self._started is None and self._code is None

    def forked(self, pidfd: int) -> None:
        """It has begun as another process's child."""
        with self._lock:
            self._pidfd = pidfd
            self._close_writing()

    def start(self, spawn: Callable[[int], subprocess.Popen[bytes]]) -> None:
        """Start it anew. A failure to do so is said on its output, and is its end."""
        with self._lock:
            if not self.pending or self._writing < 0:
                return
            try:
                self._started = StartedLauncher(spawn(self._writing), self.output)
            except OSError as error:
                os.write(self._writing, f"{error}\n".encode())
                self._code = 1
            self._close_writing()

    def open_pidfd(self) -> int | None:
        with self._lock:
            if self._started is not None:
                return self._started.open_pidfd()
            return None if self._pidfd is None else os.dup(self._pidfd)

    def poll(self) -> int | None:
        with self._lock:
            if self._started is not None:
                return self._started.poll()
            if self._pidfd is not None and _readable(self._pidfd):
                self._close_pidfd()
                self._code = 0
            return self._code

    def send(self, number: int) -> None:
        with self._lock:
            if self._started is not None:
                self._started.send(number)
            elif self._pidfd is not None:
                try:
                    signal.pidfd_send_signal(self._pidfd, number)
                except ProcessLookupError:
                    return

    def abandon(self) -> None:
        with self._lock:
            if self._started is not None:
                self._started.abandon()
            self._close_pidfd()
            self._close_writing()

    def _close_pidfd(self) -> None:
        if self._pidfd is not None:
            os.close(self._pidfd)
            self._pidfd = None

    def _close_writing(self) -> None:
        if self._writing >= 0:
            os.close(self._writing)
            self._writing = -1


def _readable(descriptor: int) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))
