"""What a controller has to look at next: things something happened to, and moments that were asked for."""

from __future__ import annotations

import heapq
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from modelyard.domain.task import TaskObservation

GRAIN_SECONDS = 0.25  # wishes to look that are this near are one


@dataclass(frozen=True)
class Look:
    """`seen` holds jobs by id, with what was observed of their task where that is known already."""

    seen: dict[int, TaskObservation | None] = field(default_factory=dict)
    due: bool = False
    queue: bool = False

    def __bool__(self) -> bool:
        return bool(self.seen) or self.due or self.queue


class Attention:
    """Collects reasons to look from any thread; `wake` is called for those that must not wait."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._lock = threading.Lock()
        self._seen: dict[int, TaskObservation | None] = {}
        self._due = False
        self._queue = False
        self._moments: list[tuple[float, int]] = []
        self._asked: set[float] = set()

    def touch(self, job_id: int, seen: TaskObservation | None = None) -> None:
        """Something happened to this job, such as this with its task."""
        with self._lock:
            self._seen[job_id] = seen
        self._wake()

    def everything(self) -> None:
        """Something was committed: look at what is due and at the queue."""
        with self._lock:
            self._due = self._queue = True
        self._wake()

    def queue(self) -> None:
        """Room was made; the one who says so looks again by itself."""
        with self._lock:
            self._queue = True

    def after(self, seconds: float, job_id: int = 0) -> None:
        """Look at what is due then, and at this job in any case."""
        moment = math.ceil((time.monotonic() + seconds) / GRAIN_SECONDS) * GRAIN_SECONDS
        with self._lock:
            if job_id == 0 and moment in self._asked:
                return
            self._asked.add(moment)
            heapq.heappush(self._moments, (moment, job_id))

    def take(self) -> Look:
        """Everything there is to look at now; it counts as looked at."""
        with self._lock:
            now = time.monotonic()
            while self._moments and self._moments[0][0] <= now:
                moment, job_id = heapq.heappop(self._moments)
                self._asked.discard(moment)
                self._due = True
                if job_id:
                    self._seen.setdefault(job_id, None)
            look = Look(self._seen, self._due, self._queue)
            self._seen, self._due, self._queue = {}, False, False
            return look

    def wait_seconds(self) -> float | None:
        """How long until the next moment that was asked for."""
        with self._lock:
            return max(0.0, self._moments[0][0] - time.monotonic()) if self._moments else None
