"""Who is tried, given up and chosen: the race by itself, its workers answering from a table of scores."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modelyard.automl.models.tabular_model import Params, Shape, TabularModel
from modelyard.automl.plan.budget import Budget
from modelyard.automl.plan.portfolio import allowed_models
from modelyard.automl.plan.resources import Resources
from modelyard.automl.plan.settings import Limits, Training, Validation
from modelyard.automl.search import race as races
from modelyard.automl.search.evaluation import FoldOutcome, FoldTask
from modelyard.automl.search.listening import Record
from modelyard.automl.search.race import Race, Track
from modelyard.automl.search.table import Table
from modelyard.automl.search.workers import Failure, Finished
from modelyard.automl.task import Task
from modelyard.automl.trial import TrialStatus
from modelyard.automl.validate.metrics import metric
from modelyard.automl.validate.splits import make_splits

pandas = pytest.importorskip("pandas")

_ROWS = 400
Answer = Callable[[FoldTask, Table], "FoldOutcome | Failure"]


@dataclass
class TableWorkers:
    """Answers at once, in this process."""

    table: Table
    answer: Answer
    count: int = 2
    waiting: deque[Finished] = field(default_factory=deque)
    tasks: list[FoldTask] = field(default_factory=list)
    most_at_once: int = 0

    @property
    def idle(self) -> int:
        return self.count - len(self.waiting)

    def submit(self, function: Any, task: FoldTask, seconds: float | None = None) -> int:
        self.tasks.append(task)
        found = self.answer(task, self.table)
        failed = found if isinstance(found, Failure) else None
        self.waiting.append(Finished(len(self.tasks), None if failed else found, failed, 0.1))
        self.most_at_once = max(self.most_at_once, len(self.waiting))
        return len(self.tasks)

    def wait(self, seconds: float) -> list[Finished]:
        return [self.waiting.popleft()] if self.waiting else []

    def cancel(self, number: int) -> None:
        self.waiting = deque(one for one in self.waiting if one.number != number)


@pytest.fixture
def table() -> Table:
    random = np.random.default_rng(0)
    target = random.integers(0, 2, _ROWS)
    frame = pandas.DataFrame({"x": random.normal(size=_ROWS)})
    splits = make_splits(Task.BINARY, target, Validation(folds=4))
    return Table(Task.BINARY, frame, target, None, (), (0, 1), None, splits, "log_loss", 0)


@pytest.fixture
def run(table: Table, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Race, TableWorkers, Record]]:
    monkeypatch.setattr(races, "warm", lambda modules: None)

    def started(answer: Answer, limits: Limits | None = None, **changes: Any) -> tuple[Race, TableWorkers, Record]:
        workers, record = TableWorkers(table, answer), Record([])
        track = Track(
            table, Path(), metric("log_loss"), limits or Limits(max_trials=6), _models(), False,
            changes.get("budget", Budget(30.0)), Resources(2, 1, changes.get("memory_bytes", 1 << 40)), workers,  # type: ignore[arg-type]
            record, fixed_folds=True,
        )  # fmt: skip
        race = Race(track)
        race.run()
        return race, workers, record

    return started


def _models() -> Mapping[str, type[TabularModel]]:
    return allowed_models(Task.BINARY, Training(allowed=("LightGBM", "ExtremeRandomTrees", "LogisticRegression")))


def _outcome(task: FoldTask, table: Table, sureness: float) -> FoldOutcome:
    """A prediction that is right with this much confidence."""
    truth = table.target[table.fold(task.fold).valid]
    right = np.full(len(truth), 0.5 + 0.5 * sureness)
    probability = np.where(truth[:, None] == np.arange(2), right[:, None], 1 - right[:, None])
    return FoldOutcome(probability, 0.01, 0.001, 0.001)


def test_candidates_are_judged_on_all_folds_and_the_best_stands_first(run: Any) -> None:
    race, workers, record = run(lambda task, table: _outcome(task, table, 0.5 + 0.05 * task.number))
    standing = race.standing()
    assert standing[0].number == 5
    assert all(len(one.losses) == 4 for one in standing)
    assert len(record.trials) == 6
    assert race.ended_because == "6 trials were asked for"
    assert workers.tasks[0].algorithm == "LightGBM"


def test_a_hopeless_candidate_is_given_up_before_its_last_fold(run: Any) -> None:
    race, _, _ = run(lambda task, table: _outcome(task, table, 0.02 if task.number == 2 else 0.9))
    given_up = race.candidates[2]
    assert given_up.status is TrialStatus.STOPPED
    assert len(given_up.losses) < 4
    assert given_up not in race.standing()


def test_without_early_termination_nobody_is_given_up(run: Any) -> None:
    limits = Limits(max_trials=4, early_termination=False)
    race, _, _ = run(lambda task, table: _outcome(task, table, 0.02 if task.number == 2 else 0.9), limits)
    assert {one.status for one in race.candidates} == {TrialStatus.COMPLETED}


def test_a_failing_candidate_costs_only_itself(run: Any) -> None:
    def answer(task: FoldTask, table: Table) -> FoldOutcome | Failure:
        if task.algorithm == "ExtremeRandomTrees":
            return Failure("error", "ValueError", "it cannot")
        return _outcome(task, table, 0.8)

    race, workers, record = run(answer)
    failed = [one for one in record.trials if one.status is TrialStatus.FAILED]
    assert failed
    assert failed[0].error == "ValueError: it cannot"
    assert race.standing()
    # Who failed twice is not tried a third time.
    assert sum(task.algorithm == "ExtremeRandomTrees" for task in workers.tasks) <= 2


def test_late_ones_are_told_apart_from_failed_ones(run: Any) -> None:
    race, _, _ = run(lambda task, table: Failure("time", "", "ended after 3 seconds"), Limits(max_trials=2))
    assert {one.status for one in race.candidates} == {TrialStatus.TIMED_OUT}
    assert race.standing() == []


def test_trials_at_once_are_limited(run: Any) -> None:
    _, workers, _ = run(lambda task, table: _outcome(task, table, 0.8), Limits(max_trials=3, max_concurrent_trials=1))
    order = [task.number for task in workers.tasks]
    assert order == sorted(order)
    assert workers.most_at_once == 2  # its folds still run side by side


def test_a_score_that_is_good_enough_ends_the_search(run: Any) -> None:
    limits = Limits(max_trials=50, exit_score=0.5)
    race, _, _ = run(lambda task, table: _outcome(task, table, 0.2 if task.number < 3 else 0.8), limits)
    assert "exit score" in race.ended_because
    assert len(race.candidates) < 10


def test_no_time_means_no_trial(run: Any) -> None:
    race, workers, _ = run(lambda task, table: _outcome(task, table, 0.5), budget=Budget(0.0))
    assert workers.tasks == []
    assert race.ended_because == "the time is over"


def test_what_needs_more_memory_than_there_is_is_not_begun(run: Any) -> None:
    race, workers, _ = run(lambda task, table: _outcome(task, table, 0.5), memory_bytes=10)
    assert workers.tasks == []
    assert {one.status for one in race.candidates} == {TrialStatus.FAILED}
    assert "MiB" in str(race.candidates[0].error)


def test_ctrl_c_ends_the_race_and_keeps_what_is_there(run: Any, table: Table) -> None:
    def answer(task: FoldTask, table: Table) -> FoldOutcome:
        if task.number == 2:
            raise KeyboardInterrupt
        return _outcome(task, table, 0.8)

    race, _, _ = run(answer, Limits(max_trials=20))
    assert race.interrupted
    assert race.standing()


def test_guided_search_goes_on_after_the_portfolio(run: Any) -> None:
    pytest.importorskip("optuna")
    race, _, _ = run(lambda task, table: _outcome(task, table, 0.8), Limits(max_trials=40))
    origins = [one.origin for one in race.candidates]
    assert origins[0] == "baseline"
    assert "portfolio" in origins
    assert origins[-1] == "guided"


def test_a_shape_is_known_before_any_design(table: Table) -> None:
    shape = table.shape(300)
    assert shape == Shape(Task.BINARY, 300, 1, 0, 2)
    params: Params = _models()["LightGBM"].default(shape)
    assert params
