"""Where a prediction runs: on the event loop when it has proved quick, else in a thread.

Handing work to a thread costs more than a small model's answer, but a slow one on the loop would hold up health
checks, timeouts and everybody's reading. So the first calls and all slow ones go to threads; a model whose recent
calls were all quick answers small requests in place.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

_QUICK_SECONDS = 0.002
_SMALL_BYTES = 16 << 10
_REMEMBERED = 32
_PROOF = 5


class Lane:
    """Runs work for the event loop that it belongs to."""

    def __init__(self, threads: int, *, may_run_in_place: bool) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="model")
        self._may_run_in_place = may_run_in_place
        self._recent: deque[float] = deque(maxlen=_REMEMBERED)
        self._slow = 0

    def in_place(self, size: int) -> bool:
        """Whether a request of this many bytes may run on the loop."""
        return self._may_run_in_place and size <= _SMALL_BYTES and len(self._recent) >= _PROOF and not self._slow

    def run_here(self, work: Callable[[], T], size: int) -> T:
        started = time.perf_counter()
        try:
            return work()
        finally:
            self._observe(time.perf_counter() - started, size)

    def submit(self, work: Callable[[], T], size: int) -> asyncio.Future[T]:
        """The future of work in a thread; it goes on when nobody waits for it any more."""
        return asyncio.get_running_loop().run_in_executor(self._pool, self._run_in_thread, work, size)

    def _run_in_thread(self, work: Callable[[], T], size: int) -> T:
        try:
            return self.run_here(work, size)
        except StopIteration as error:
            # A future cannot carry it: its waiter would wait for ever.
            raise RuntimeError("StopIteration: next() found nothing") from error

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _observe(self, seconds: float, size: int) -> None:
        if size > _SMALL_BYTES:
            return
        if len(self._recent) == _REMEMBERED and self._recent[0] > _QUICK_SECONDS:
            self._slow -= 1
        self._recent.append(seconds)
        if seconds > _QUICK_SECONDS:
            self._slow += 1
