"""Long operations: a poller of the same shape as `azure.core.polling.LROPoller`."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from modelyard.domain.errors import ModelyardError

T = TypeVar("T")
_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 1.0


@dataclass(frozen=True)
class Progress(Generic[T]):
    """One look at an operation: its status, and its result or its error once it is over."""

    status: str
    done: bool
    result: T | None = None
    error: ModelyardError | None = None


class LROPoller(Generic[T]):
    """Looks when asked to: nothing runs in the background. `look` is called until it answers `done`."""

    def __init__(
        self,
        look: Callable[[], Progress[T]],
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._look = look
        self._sleep = sleep
        self._clock = clock
        self._last: Progress[T] = look()

    @classmethod
    def finished(cls, result: T) -> LROPoller[T]:
        """An operation that was over with the first answer."""
        return cls(lambda: Progress("Succeeded", True, result))

    def status(self) -> str:
        return self._refresh().status

    def done(self) -> bool:
        return self._refresh().done

    def wait(self, timeout: float | None = None) -> None:
        """Return when the operation is over, or after `timeout` seconds."""
        end = None if timeout is None else self._clock() + timeout
        pause = _FIRST_PAUSE_SECONDS
        while not self._refresh().done:
            left = pause if end is None else min(pause, end - self._clock())
            if left <= 0:
                return
            self._sleep(left)
            pause = min(pause * 1.5, _LONGEST_PAUSE_SECONDS)

    def result(self, timeout: float | None = None) -> T:
        """Wait and return what came of it. A failed operation raises its reason, one that is not over TimeoutError."""
        self.wait(timeout)
        if not self._last.done:
            raise TimeoutError(f"The operation is still {self._last.status} after {timeout} seconds.")
        if self._last.error is not None:
            raise self._last.error
        return self._last.result  # type: ignore[return-value]

    def _refresh(self) -> Progress[T]:
        if not self._last.done:
            self._last = self._look()
        return self._last
