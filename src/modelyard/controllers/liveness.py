"""Whether a worker that runs still answers: asked over its socket now and then, outside the controller's thread."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path

EVERY_SECONDS = 10.0
ANSWER_SECONDS = 5.0
FAILURES = 6
_QUESTION = b"GET /health/live HTTP/1.1\r\nhost: worker\r\nconnection: close\r\n\r\n"


class Liveness:
    """Remembers each worker's failures in a row. Asking blocks for seconds, so each question has a thread."""

    def __init__(self, every_seconds: float = EVERY_SECONDS, failures: int = FAILURES) -> None:
        self._every_seconds = every_seconds
        self._most_failures = failures
        self._lock = threading.Lock()
        self._failures: dict[Path, int] = {}
        self._asked_at: dict[Path, float] = {}

    def is_stuck(self, directory: Path, address: str) -> bool:
        """True once a worker has failed to answer so many times in a row. Returns at once."""
        now = time.monotonic()
        with self._lock:
            if self._failures.get(directory, 0) >= self._most_failures:
                self._forget(directory)
                return True
            asked = self._asked_at.setdefault(directory, now)
            if now - asked < self._every_seconds:
                return False
            self._asked_at[directory] = now
        threading.Thread(target=self._ask, args=(directory, address), name="liveness", daemon=True).start()
        return False

    def _ask(self, directory: Path, address: str) -> None:
        alive = answers(address, ANSWER_SECONDS)
        with self._lock:
            self._failures[directory] = 0 if alive else self._failures.get(directory, 0) + 1
            gone = [one for one in self._asked_at if not one.is_dir()]
            for one in gone:
                self._forget(one)

    def _forget(self, directory: Path) -> None:
        self._failures.pop(directory, None)
        self._asked_at.pop(directory, None)


def answers(address: str, seconds: float) -> bool:
    """Whether the worker at a socket says that it is well. A missing socket says no; never raises."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(seconds)
            connection.connect(address)
            connection.sendall(_QUESTION)
            return connection.recv(64).startswith(b"HTTP/1.1 200")
    except OSError:
        return False
