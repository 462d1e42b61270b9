"""A lock that serves waiters in the order they came."""

from __future__ import annotations

import threading
from collections import deque


class FairLock:
    """First come, first served, so that no writer starves. May be released by another thread than its taker's."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiters: deque[threading.Lock] = deque()
        self._held = False

    def acquire(self, timeout_seconds: float) -> bool:
        """Wait for a turn; False when `timeout_seconds` went by without one."""
        with self._guard:
            if not self._held:
                self._held = True
                return True
            turn = threading.Lock()
            turn.acquire()
            self._waiters.append(turn)
        if turn.acquire(timeout=timeout_seconds):
            return True
        with self._guard:
            if turn in self._waiters:
                self._waiters.remove(turn)
                return False
        return True  # the turn came between the timeout and the guard

    def release(self) -> None:
        """Hand the lock to the longest waiter, or free it."""
        with self._guard:
            if self._waiters:
                self._waiters.popleft().release()
            else:
                self._held = False
