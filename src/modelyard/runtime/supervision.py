"""Starting the ranks of a task and seeing them to their end: exit, timeout, stop, and the whole tree with them."""

from __future__ import annotations

import os
import select
import time

from .lean import signal
from .processes import children, descendants, send
from .ranks import Rank

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Beginning = Callable[[Rank, dict[str, str], str], int]

SETTLE_SECONDS = 0.05  # between looks at a tree that is being ended


def spawned(rank: Rank, environment: dict[str, str], log: str) -> int:
    """The pid of a new process that runs a rank's arguments."""
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    defaults = [signal.SIGINT, signal.SIGHUP, signal.SIGPIPE]
    variables = {**environment, **rank.variables}
    return os.posix_spawn(rank.argv[0], rank.argv, variables, file_actions=actions, setsid=True, setsigdef=defaults)


class Outcome:
    """How the ranks ended. `code` is that of the first rank that failed, else 0; a signal makes it None."""

    def __init__(self) -> None:
        self.code: int | None = 0
        self.signal: int | None = None
        self.timed_out = False
        self.cancelled = False
        self.leftovers = 0

    @property
    def failed(self) -> bool:
        return self.code != 0 or self.timed_out or self.cancelled

    def take(self, status: int) -> None:
        if self.code != 0:
            return
        if os.WIFSIGNALED(status):
            self.code, self.signal = None, os.WTERMSIG(status)
        else:
            self.code = os.WEXITSTATUS(status)


class Stopped(Exception):
    """Raised out of whatever precedes the ranks when the task is asked to stop."""


class Supervisor:
    """Owns the signals of its process: SIGTERM asks to stop, a second one to kill, SIGCHLD tells of ends."""

    def __init__(self, *, grace_seconds: float, timeout_seconds: float | None, ignore: tuple[int, ...] = ()) -> None:
        self._grace_seconds = grace_seconds
        self._timeout_seconds = timeout_seconds
        self._ignored = ignore
        self._alive: set[int] = set()
        self._deadline: float | None = None
        self._kill_at: float | None = None
        self.outcome = Outcome()
        self._stop_asked = 0
        self._begun = False
        self._woken, waking = os.pipe()
        os.set_blocking(self._woken, False)
        os.set_blocking(waking, False)
        signal.set_wakeup_fd(waking, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, self._ask_stop)
        for number in (signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)

    def start(self, rank: Rank, environment: dict[str, str], log: str, begin: Beginning) -> int:
        """Start one rank in a session of its own, its output appended to `log` as it is written. Raises OSError."""
        self._begun = True  # from here on a stop is for `wait` to see to: there may be a process to end
        pid = begin(rank, environment, log)
        self._alive.add(pid)
        return pid

    def wait(self) -> Outcome:
        """Until every rank has ended and nothing of the tree is left."""
        if self._timeout_seconds is not None:
            self._deadline = time.monotonic() + self._timeout_seconds
        poll = select.poll()
        poll.register(self._woken, select.POLLIN)
        self._reap()
        while self._alive:
            self._check_stop()
            self._check_time()
            poll.poll(self._poll_milliseconds())
            self._drain()
            self._reap()
        self._end_leftovers()
        return self.outcome

    def _ask_stop(self, *_: object) -> None:
        self._stop_asked += 1
        if not self._begun:
            self.outcome.cancelled = True
            raise Stopped

    def _check_stop(self) -> None:
        if self._stop_asked and not self.outcome.cancelled:
            self.outcome.cancelled = True
            self._begin_end()
        if self._stop_asked > 1 and self._kill_at is not None:
            self._kill_at = min(self._kill_at, time.monotonic())

    def _check_time(self) -> None:
        now = time.monotonic()
        if self._deadline is not None and now >= self._deadline and not self.outcome.timed_out:
            self.outcome.timed_out = True
            self._begin_end()
        if self._kill_at is not None and now >= self._kill_at:
            send(self._tree(), signal.SIGKILL)
            self._kill_at = now + SETTLE_SECONDS

    def _begin_end(self) -> None:
        if self._kill_at is None:
            self._kill_at = time.monotonic() + self._grace_seconds
            send(self._tree(), signal.SIGTERM)

    def _poll_milliseconds(self) -> float | None:
        times = [moment for moment in (self._kill_at, self._deadline) if moment is not None]
        if self.outcome.timed_out:
            times = [moment for moment in (self._kill_at,) if moment is not None]
        return None if not times else max(0.0, (min(times) - time.monotonic()) * 1000) + 1

    def _drain(self) -> None:
        try:
            while os.read(self._woken, 512):
                pass
        except BlockingIOError:
            pass

    def _reap(self) -> None:
        """Collect every ended child: ranks, and orphans that this process adopted."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                self._alive.clear()
                return
            if pid == 0:
                return
            if pid in self._alive:
                self._alive.discard(pid)
                self.outcome.take(status)
                if self.outcome.failed and self._alive:
                    self._begin_end()

    def _tree(self) -> list[int]:
        return descendants(os.getpid(), self._ignored)

    def _end_leftovers(self) -> None:
        """What the command left in the background ends with it: a task is over when nothing of it runs."""
        if not self._left():
            return
        tree = self._tree()
        self.outcome.leftovers = len(tree)
        send(tree, signal.SIGTERM)
        deadline = time.monotonic() + min(self._grace_seconds, 2.0)
        while self._left():
            if time.monotonic() >= deadline:
                send(self._tree(), signal.SIGKILL)
            time.sleep(0.005)
            self._reap()

    def _left(self) -> list[int]:
        return [pid for pid in children(os.getpid()) if pid not in self._ignored]
