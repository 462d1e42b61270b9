"""A model for each group of a table, in parallel, within one budget."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from modelyard.automl.featurize.feature_plan import FeaturePlan
from modelyard.automl.featurize.target import TargetCoding
from modelyard.automl.groups.groups_model import GroupKey, GroupsModel, group_keys
from modelyard.automl.groups.groups_predictor import GroupResult, GroupsPredictor, GroupStatus
from modelyard.automl.groups.light_search import LightResult, LightTask, search_group
from modelyard.automl.models.catalogue import candidates, find
from modelyard.automl.outcome.input_table import InputColumn, InputTable, columns_of_frame
from modelyard.automl.plan.settings import Featurization
from modelyard.automl.search.workers import Finished, Workers
from modelyard.automl.task import Task
from modelyard.automl.validate.metrics import default_metric
from modelyard.automl.validate.metrics import metric as metric_of
from modelyard.domain.errors import InvalidInput

_DEFAULT_ALGORITHMS = ("LightGBM", "Ridge", "LogisticRegression")
"""Those of the task that are there: trees, and what wins where they have too little to split."""
_FALLBACK_ROWS = 20_000
_KEPT_BACK = 0.03
"""Of the budget, for putting the models together."""
_LEAST_SECONDS = 1.0


@dataclass(frozen=True)
class _Part:
    """Rows of one group; key () is the fallback."""

    key: GroupKey
    rows: np.ndarray


def fit_groups(
    data: Any,
    *,
    by: str | Sequence[str],
    target: str,
    task: Task | str | None = None,
    metric: str | None = None,
    timeout_minutes: float = 60.0,
    max_concurrent_trials: int | None = None,
    allowed_training_algorithms: Sequence[str] | None = None,
    fallback: bool = True,
    min_rows: int = 20,
    positive_label: Any = None,
    seed: int = 0,
    told: Callable[[GroupResult], None] | None = None,
) -> GroupsPredictor:
    """One model for each value of the columns `by`, behind one predictor.

    For each group a few candidates are tried on held-out rows and the best is fitted to all of its rows. A group that
    fails, is smaller than `min_rows` or finds the budget spent costs only itself: its rows are answered by the
    fallback, a model of rows of all groups, where `fallback` is on. `told` hears of each group when it has ended.

    Raises:
        InvalidInput: a column is missing, the target is empty, or the metric does not fit the task.
    """
    begun = time.monotonic()
    end = begun + timeout_minutes * 60
    names = (by,) if isinstance(by, str) else tuple(by)
    table = _Table.of(data, names, target, Task(task) if task else None, positive_label)
    shared = table.shared(metric, allowed_training_algorithms, seed)
    parts = table.parts()
    small = [part for part in parts if len(part.rows) < min_rows]
    large = [part for part in parts if len(part.rows) >= min_rows]
    run = _Run(table, shared, end - _KEPT_BACK * timeout_minutes * 60, told)
    for part in small:
        run.skip(part, GroupStatus.TOO_SMALL, f"{len(part.rows)} rows, fewer than {min_rows}")
    workers = min(max_concurrent_trials or os.cpu_count() or 1, max(1, len(large)))
    with Workers(workers) as pool:
        run.train([*([table.sample(seed)] if fallback else []), *large], pool)
    return run.predictor(names, target, time.monotonic() - begun)


@dataclass(frozen=True)
class _Table:
    """The whole table as arrays, its target encoded, its groups told apart."""

    frame: Any
    by: tuple[str, ...]
    columns: tuple[InputColumn, ...]
    arrays: Mapping[str, np.ndarray]
    coding: TargetCoding
    target: np.ndarray

    @classmethod
    def of(cls, data: Any, by: tuple[str, ...], target: str, task: Task | None, positive_label: Any) -> _Table:
        for name in (*by, target):
            if name not in data:
                raise InvalidInput(f"There is no column '{name}'.", field=name)
        frame = data[data[target].notna()].reset_index(drop=True)
        if not len(frame):
            raise InvalidInput("No row has a target.", field=target)
        coding = TargetCoding.of(frame[target], task, positive_label)
        features = frame.drop(columns=[target])
        columns = columns_of_frame(features)
        arrays = InputTable.of(features, columns).arrays
        return cls(features, by, columns, arrays, coding, np.asarray(coding.encode(frame[target])))

    def shared(self, metric: str | None, algorithms: Sequence[str] | None, seed: int) -> LightTask:
        task = self.coding.task
        known = candidates(task)
        chosen = (
            [find(name).name for name in algorithms]
            if algorithms
            else [name for name in _DEFAULT_ALGORITHMS if name in known]
        )
        plan = FeaturePlan.make(self.frame, self.target, task, Featurization())
        name = metric_of(metric or default_metric(task), task).name
        return LightTask(task, self.coding.classes, self.columns, plan, name, tuple(chosen), seed)

    def parts(self) -> list[_Part]:
        """Groups by size, the largest first: the last to end is then a small one."""
        rows: dict[GroupKey, list[int]] = {}
        for row, key in enumerate(group_keys([self.arrays[name] for name in self.by])):
            rows.setdefault(key, []).append(row)
        parts = [_Part(key, np.array(own)) for key, own in rows.items()]
        return sorted(parts, key=lambda part: (-len(part.rows), part.key))

    def sample(self, seed: int) -> _Part:
        rows = np.arange(len(self.target))
        if len(rows) > _FALLBACK_ROWS:
            rows = np.sort(np.random.default_rng(seed).choice(rows, _FALLBACK_ROWS, replace=False))
        return _Part((), rows)


class _Run:
    """Hands groups to the workers and gathers what comes back."""

    def __init__(
        self, table: _Table, shared: LightTask, end: float, told: Callable[[GroupResult], None] | None
    ) -> None:
        self._table = table
        self._shared = shared
        self._end = end
        self._told = told
        self._results: list[GroupResult] = []
        self._trained: dict[GroupKey, LightResult] = {}

    def skip(self, part: _Part, status: GroupStatus, why: str) -> None:
        if part.key:
            self._note(GroupResult(part.key, len(part.rows), status, error=why))

    def train(self, parts: Sequence[_Part], pool: Workers) -> None:
        """Every part for which there is time. A few calls wait in the pool's queue, so that arrays are not copied
        long before they are used."""
        waiting = iter(parts)
        running: dict[int, _Part] = {}
        left = len(parts)
        while True:
            for part in self._next(waiting, pool, len(running)):
                share = max(_LEAST_SECONDS, self._left() * pool.count / left)
                arrays = {name: values[part.rows] for name, values in self._table.arrays.items()}
                number = pool.submit(
                    search_group, self._shared, arrays, self._table.target[part.rows], share, seconds=self._left()
                )
                running[number] = part
            if not running:
                break
            for finished in pool.wait(max(0.0, self._left())):
                left -= 1
                self._finish(running.pop(finished.number), finished)
            if self._left() <= 0:
                break
        for part in (*running.values(), *waiting):
            self.skip(part, GroupStatus.OUT_OF_TIME, "the budget ended first")

    def predictor(self, by: tuple[str, ...], target: str, seconds: float) -> GroupsPredictor:
        archives = {key: one.archive for key, one in sorted(self._trained.items()) if key}
        fallback = self._trained.get(())
        model = GroupsModel(
            self._shared.task,
            self._table.columns,
            self._shared.classes,
            by,
            archives,
            fallback.archive if fallback else None,
            frozenset().union(*(one.modules for one in self._trained.values())),
        )
        results = sorted(self._results, key=lambda one: one.group)
        return GroupsPredictor(model, target, self._shared.metric, results, seconds)

    def _next(self, waiting: Iterator[_Part], pool: Workers, running: int) -> Iterator[_Part]:
        while running < 2 * pool.count and self._left() > 0:
            part = next(waiting, None)
            if part is None:
                return
            running += 1
            yield part

    def _finish(self, part: _Part, finished: Finished) -> None:
        failure = finished.failure
        if failure is None:
            self._trained[part.key] = finished.value
        if not part.key:
            return
        if failure is not None:
            status = GroupStatus.OUT_OF_TIME if failure.reason == "time" else GroupStatus.FAILED
            why = f"{failure.type}: {failure.message}" if failure.type else failure.message
            self._note(GroupResult(part.key, len(part.rows), status, seconds=finished.seconds, error=why))
            return
        found: LightResult = finished.value
        self._note(
            GroupResult(
                part.key,
                len(part.rows),
                GroupStatus.TRAINED,
                found.algorithm,
                _finite(found.score),
                _finite(found.baseline),
                found.seconds,
                len(found.archive),
            )
        )

    def _note(self, result: GroupResult) -> None:
        self._results.append(result)
        if self._told is not None:
            self._told(result)

    def _left(self) -> float:
        return self._end - time.monotonic()


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
