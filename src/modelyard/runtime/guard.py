"""A second process that outlives a killed launcher just long enough to end what the launcher started.

It holds the other end of a pipe: a word on it means that all is well, its end without a word means that the launcher
was killed. It keeps the task's claim (the lock on the claim file) until it is done, so that nobody takes the task for
lost while a process of it still runs.
"""

from __future__ import annotations

import os

from .lean import loads, signal
from .processes import kill_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

ENDED = b"."


class Guard:
    def __init__(self, pid: int, pipe: int) -> None:
        self.pid = pid
        self._pipe = pipe

    @classmethod
    def begin(cls, task_id: str, started: str, claim: int, cleanup: Sequence[str] = ()) -> Guard:
        """Fork the guard.

        `started` is the path of the record that names the task's sessions, `claim` the descriptor of the claim,
        `cleanup` a command to run after the killing, such as the removal of a container.
        """
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                _become_quiet({reading, claim})
                if os.read(reading, 1) != ENDED:
                    kill_all(task_id, _sessions(started))
                    if cleanup:
                        os.spawnvp(os.P_WAIT, cleanup[0], list(cleanup))
            finally:
                os._exit(0)
        os.close(reading)
        return cls(pid, writing)

    def dismiss(self) -> None:
        """The task ended in good order."""
        try:
            os.write(self._pipe, ENDED)
        except BrokenPipeError:
            pass
        os.close(self._pipe)
        try:
            os.waitpid(self.pid, 0)
        except ChildProcessError:
            pass


def _become_quiet(keep: set[int]) -> None:
    os.setsid()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(null, descriptor)
    for descriptor in range(3, max(null, *keep) + 16):
        if descriptor not in keep:
            try:
                os.close(descriptor)
            except OSError:
                continue


def _sessions(started: str) -> list[int]:
    try:
        with open(started, encoding="utf-8") as stream:
            return [int(pid) for pid in loads(stream.read())["pids"]]
    except (OSError, ValueError, KeyError):
        return []
