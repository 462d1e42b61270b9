"""How many requests are in the model at once, and how long others wait for their turn."""

from __future__ import annotations

import asyncio
from collections import deque

_WAITING = 1000


class Crowded(Exception):
    """No turn came in time, or too many wait already."""


class Admission:
    """First come, first served. Belongs to one event loop."""

    def __init__(self, at_once: int, patience_seconds: float) -> None:
        self.free = at_once
        self._patience_seconds = patience_seconds
        self._waiting: deque[asyncio.Future[bool]] = deque()

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def try_enter(self) -> bool:
        """Take a free place at once, never ahead of those who wait."""
        if self.free > 0 and not self._waiting:
            self.free -= 1
            return True
        return False

    async def enter(self) -> None:
        """Take a place, or raise Crowded after the longest wait."""
        if self.try_enter():
            return
        if len(self._waiting) >= _WAITING or self._patience_seconds <= 0:
            raise Crowded
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[bool] = loop.create_future()
        self._waiting.append(turn)
        timer = loop.call_later(self._patience_seconds, _settle, turn, False)
        try:
            given = await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.result():
                self.leave()  # the place was given in the very moment the caller left
            raise
        finally:
            timer.cancel()
            if turn in self._waiting:
                self._waiting.remove(turn)
        if not given:
            raise Crowded

    def leave(self) -> None:
        """Give the place to the next in line."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(True)
                return
        self.free += 1


def _settle(turn: asyncio.Future[bool], given: bool) -> None:
    if not turn.done():
        turn.set_result(given)
