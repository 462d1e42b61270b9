from __future__ import annotations

import time
from dataclasses import replace

from modelyard.automl.models.boosting import Watching, learning_rate, useful_threads
from modelyard.automl.models.tabular_model import Means, Shape
from modelyard.automl.task import Task

SMALL = Shape(Task.BINARY, 1_000, 20, classes=2)


def _run(watching: Watching, losses: list[float]) -> int:
    for loss in losses:
        if not watching.goes_on():
            break
        watching.count(loss)
    return watching.made


def test_it_stops_some_time_after_the_lowest_loss() -> None:
    watching = Watching({"learning_rate": 0.1}, Means(), watched=True)
    made = _run(watching, [1.0 - 0.01 * step for step in range(50)] + [0.6] * 500)
    assert watching.best == 50
    assert 80 <= made <= 100


def test_it_does_not_wait_for_the_last_decimal() -> None:
    watching = Watching({"learning_rate": 0.1}, Means(), watched=True)
    assert _run(watching, [0.5 - 1e-7 * step for step in range(5_000)]) < 100


def test_a_number_of_trees_is_kept() -> None:
    watching = Watching({"learning_rate": 0.1, "trees": 7}, Means(), watched=False)
    while watching.goes_on():
        watching.count(None)
    assert (watching.made, watching.best) == (7, 0)


def test_it_stops_at_the_deadline() -> None:
    watching = Watching({}, Means(deadline=time.monotonic() - 0.1), watched=True)
    assert not watching.goes_on()


def test_the_rate_rises_with_the_work() -> None:
    rates = [learning_rate(shape) for shape in (SMALL, replace(SMALL, rows=500_000),
             replace(SMALL, rows=500_000, task=Task.MULTICLASS, classes=26))]  # fmt: skip
    assert 0.02 < rates[0] < rates[1] < rates[2] <= 0.2


def test_few_cells_are_one_thread_s_work() -> None:
    assert useful_threads((1_000, 20), 8) == 1
    assert useful_threads((100_000, 20), 8) == 8
