"""One server per home: a second one is refused, a dead one's lock is free at once."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Self

from modelyard.domain.errors import Conflict

LOCK_FILE = "server.lock"


class HomeLock:
    """Held for as long as the process lives; the kernel lets go of it when the process dies, however it dies."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def acquire(cls, home: Path) -> Self:
        """Take the lock of `home`, or raise Conflict naming the process that has it."""
        descriptor = os.open(home / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
            os.close(descriptor)
            raise Conflict(
                f"A server (process {holder or 'unknown'}) already works in {home}.",
                field="MODELYARD_HOME",
                mend="use that one, stop it with 'modelyard down', or set another MODELYARD_HOME",
            ) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        return cls(descriptor)

    def release(self) -> None:
        """Let another server in."""
        os.close(self._descriptor)
