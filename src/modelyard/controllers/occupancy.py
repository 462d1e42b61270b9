"""What of the machine is taken, and who may come next."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from modelyard.domain.task import Resources

PATIENCE = timedelta(minutes=5)


@dataclass(frozen=True)
class Limit:
    """What one compute may take of the machine."""

    resources: Resources
    jobs: int | None = None


@dataclass(frozen=True)
class Taken:
    compute: str
    resources: Resources


class Occupancy:
    """The running tasks of this machine by job id. Thread-safe."""

    def __init__(self, machine: Limit) -> None:
        self._machine = machine
        self._lock = threading.Lock()
        self._taken: dict[int, Taken] = {}

    def take(self, job_id: int, compute: str, resources: Resources) -> None:
        """Count a task that runs, or is about to."""
        with self._lock:
            self._taken[job_id] = Taken(compute, resources)

    def free(self, job_id: int) -> bool:
        """A task is over; False when it was not counted."""
        with self._lock:
            return self._taken.pop(job_id, None) is not None

    def holds(self, job_id: int) -> bool:
        with self._lock:
            return job_id in self._taken

    def fits(self, compute: str, limit: Limit, resources: Resources) -> bool:
        """Whether a task fits now, both in its compute and on the machine."""
        with self._lock:
            own = [taken for taken in self._taken.values() if taken.compute == compute]
            return _fits(limit, own, resources) and _fits(self._machine, list(self._taken.values()), resources)

    def room(self) -> int:
        """How many tasks of one core could start now; at least one where a fraction of a core is free."""
        with self._lock:
            taken = list(self._taken.values())
        free = self._machine.resources.cpus - sum(one.resources.cpus for one in taken)
        jobs = math.inf if self._machine.jobs is None else self._machine.jobs - len(taken)
        return max(0, int(min(math.ceil(free), jobs)))

    def __len__(self) -> int:
        with self._lock:
            return len(self._taken)


@dataclass(frozen=True)
class Waiting:
    """A queued job, in the order of the queue."""

    job_id: int
    compute: str
    resources: Resources
    since: datetime


def admit(queue: Sequence[Waiting], occupancy: Occupancy, limits: Mapping[str, Limit], now: datetime) -> list[Waiting]:
    """Those that may start now, counted in `occupancy`.

    Smaller jobs may pass one that does not fit, until it has waited for `PATIENCE`: then nobody behind it starts on
    its compute before it does.
    """
    admitted: list[Waiting] = []
    blocked: set[str] = set()
    for waiting in queue:
        if waiting.compute in blocked:
            continue
        if occupancy.fits(waiting.compute, limits[waiting.compute], waiting.resources):
            occupancy.take(waiting.job_id, waiting.compute, waiting.resources)
            admitted.append(waiting)
        elif now - waiting.since > PATIENCE:
            blocked.add(waiting.compute)
    return admitted


def _fits(limit: Limit, taken: Sequence[Taken], resources: Resources) -> bool:
    if limit.jobs is not None and len(taken) >= limit.jobs:
        return False
    free = limit.resources
    for one in taken:
        free = free - one.resources
    return resources.fits(free)
