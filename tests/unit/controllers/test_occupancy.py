"""Who may start: what fits, in which order, and that large jobs are not passed for ever."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from modelyard.controllers.occupancy import PATIENCE, Limit, Occupancy, Waiting, admit
from modelyard.domain.task import Resources

NOW = datetime(2026, 1, 1, tzinfo=UTC)
MACHINE = Limit(Resources(cpus=4, memory_bytes=1000, gpus=1))
LIMITS = {"a": MACHINE, "small": Limit(Resources(cpus=1, memory_bytes=1000)), "one": Limit(MACHINE.resources, jobs=1)}


def waiting(
    job_id: int, cpus: float = 1, *, compute: str = "a", memory: int = 0, gpus: int = 0, age: int = 0
) -> Waiting:
    return Waiting(job_id, compute, Resources(cpus, memory, gpus), NOW - timedelta(seconds=age))


@pytest.mark.parametrize(
    ("queue", "expected"),
    [
        ([waiting(n) for n in range(6)], [0, 1, 2, 3]),
        ([waiting(1, 3), waiting(2, 3), waiting(3, 1)], [1, 3]),
        ([waiting(1, memory=800), waiting(2, memory=800), waiting(3, memory=200)], [1, 3]),
        ([waiting(1, gpus=1), waiting(2, gpus=1)], [1]),
        ([waiting(1, 0.5), waiting(2, 0.5), waiting(3, 3)], [1, 2, 3]),
        ([waiting(1, compute="small"), waiting(2, compute="small"), waiting(3)], [1, 3]),
        ([waiting(1, compute="one"), waiting(2, compute="one"), waiting(3)], [1, 3]),
        ([waiting(1, 5, age=10), waiting(2)], [2]),
        ([waiting(1, 5, age=int(PATIENCE.total_seconds()) + 1), waiting(2), waiting(3, compute="small")], [3]),
    ],
)
def test_admission(queue: list[Waiting], expected: list[int]) -> None:
    assert [admitted.job_id for admitted in admit(queue, Occupancy(MACHINE), LIMITS, NOW)] == expected


def test_what_ends_makes_room() -> None:
    occupancy = Occupancy(Limit(Resources(cpus=2), jobs=3))
    occupancy.take(1, "a", Resources(cpus=2))
    assert occupancy.room() == 0
    assert occupancy.free(1)
    assert not occupancy.free(1)
    assert occupancy.room() == 2


def test_room_is_bounded_by_the_number_of_jobs() -> None:
    occupancy = Occupancy(Limit(Resources(cpus=8), jobs=1))
    assert occupancy.room() == 1
    occupancy.take(1, "a", Resources(cpus=0.1))
    assert (occupancy.room(), len(occupancy)) == (0, 1)
