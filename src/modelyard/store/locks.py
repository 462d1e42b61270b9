"""A lock that serves waiters in the order they came."""

from __future__ import annotations

import threading
from collections import deque


class FairLock:
    """First come, first served, so that no writer starves. May be released by another thread than its taker's.

    A thread that waits for itself would wait for ever: asking again raises RuntimeError at once.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiters: deque[tuple[threading.Lock, int]] = deque()
        self._holder: int | None = None

    def acquire(self, timeout_seconds: float) -> bool:
        """Wait for a turn; False when `timeout_seconds` went by without one."""
        me = threading.get_ident()
        with self._guard:
            if self._holder is None:
                self._holder = me
                return True
            if timeout_seconds <= 0:
                return False
            if self._holder == me:
                raise RuntimeError("a write transaction was opened inside another one of the same thread")
            turn = threading.Lock()
            turn.acquire()
            waiter = (turn, me)
            self._waiters.append(waiter)
        if turn.acquire(timeout=timeout_seconds):
            return True
        with self._guard:
            if waiter in self._waiters:
                self._waiters.remove(waiter)
                return False
        return True  # the turn came between the timeout and the guard

    def release(self) -> None:
        """Hand the lock to the longest waiter, or free it."""
        with self._guard:
            if self._waiters:
                turn, self._holder = self._waiters.popleft()
                turn.release()
            else:
                self._holder = None
