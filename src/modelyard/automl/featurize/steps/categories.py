"""Categories: codes, indicators, frequencies, and means of the target."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from modelyard.automl.featurize.cells import label
from modelyard.automl.featurize.steps.step import Array, Goal, Step
from modelyard.automl.task import Task

_MISSING = -1
_LEAST_ROWS = 2
"""Of a category that has a code of its own; rarer ones share a code with those never seen."""
# Rows that a category's own mean must outweigh (Micci-Barreca 2001).
_SMOOTHING = 10.0
_MOST_CLASSES_ENCODED = 10


class Levels:
    """Labels and their numbers from 1, most frequent first; 0 for rare and unseen ones, -1 for missing."""

    def __init__(self, names: list[str], counts: list[int]) -> None:
        self.names = names
        self.counts = counts
        self._number = {name: index + 1 for index, name in enumerate(names)}
        self._memo: dict[Any, int] = {}

    @classmethod
    def of(cls, values: Array, most: int, least: int = _LEAST_ROWS) -> Self:
        counts: dict[str, int] = {}
        for value, count in _distinct(values).items():
            name = label(value)
            if name is not None:
                counts[name] = counts.get(name, 0) + count
        ranked = sorted(counts, key=lambda name: (-counts[name], name))
        kept = [name for name in ranked if counts[name] >= least][:most] or ranked[:1]
        return cls(kept, [counts[name] for name in kept])

    def numbers(self, values: Array) -> Array:
        """(rows,) int64."""
        memo, known = self._memo, self._number
        found = np.empty(len(values), dtype=np.int64)
        for index, value in enumerate(values.tolist() if values.dtype.kind != "O" else values):
            try:
                told = memo.get(value)
            except TypeError:
                value, told = str(value), None
            if told is None:
                name = label(value)
                told = _MISSING if name is None else known.get(name, 0)
                if len(memo) < 100_000:
                    memo[value] = told
            found[index] = told
        return found

    def state(self) -> dict[str, Any]:
        return {"names": self.names, "counts": self.counts}

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> Self:
        return cls(list(state["names"]), [int(count) for count in state["counts"]])


def _distinct(values: Array) -> dict[Any, int]:
    counts: dict[Any, int] = {}
    for value in values.tolist() if values.dtype.kind != "O" else values:
        try:
            counts[value] = counts.get(value, 0) + 1
        except TypeError:
            counts[str(value)] = counts.get(str(value), 0) + 1
    return counts


class Codes(Step):
    """One feature of codes: 0 for what is rare or new, NaN for missing."""

    kind = "codes"

    def __init__(self, most: int = 1000) -> None:
        self._most = most
        self._levels = Levels([], [])

    def fit_transform(self, values: Array, goal: Goal) -> Array:
        self._levels = Levels.of(values, self._most)
        return self.transform(values)

    def transform(self, values: Array) -> Array:
        found = self._levels.numbers(values).astype(np.float32)
        found[found == _MISSING] = np.nan
        return found[:, None]

    def names(self, column: str) -> list[str]:
        return [column]

    def codes(self) -> list[tuple[int, int]]:
        return [(0, len(self._levels.names) + 1)]

    def state(self) -> dict[str, Any]:
        return {"most": self._most, "levels": self._levels.state()}

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> Self:
        step = cls(int(state["most"]))
        step._levels = Levels.restore(state["levels"])
        return step


class OneHot(Step):
    """An indicator for each of the most frequent categories, one for the others, one for missing where there were."""

    kind = "one-hot"

    def __init__(self, most: int = 50) -> None:
        self._most = most
        self._levels = Levels([], [])
        self._missing = False

    def fit_transform(self, values: Array, goal: Goal) -> Array:
        self._levels = Levels.of(values, self._most)
        numbers = self._levels.numbers(values)
        self._missing = bool((numbers == _MISSING).any())
        return self._indicators(numbers)

    def transform(self, values: Array) -> Array:
        return self._indicators(self._levels.numbers(values))

    def names(self, column: str) -> list[str]:
        found = [f"{column}:other", *(f"{column}={name}" for name in self._levels.names)]
        return [*found, f"{column}:missing"] if self._missing else found

    def state(self) -> dict[str, Any]:
        return {"most": self._most, "levels": self._levels.state(), "missing": self._missing}

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> Self:
        step = cls(int(state["most"]))
        step._levels = Levels.restore(state["levels"])
        step._missing = bool(state["missing"])
        return step

    def _indicators(self, numbers: Array) -> Array:
        width = len(self._levels.names) + 1
        numbers = np.where(numbers == _MISSING, width if self._missing else 0, numbers)
        found = np.zeros((len(numbers), width + self._missing), dtype=np.float32)
        found[np.arange(len(numbers)), numbers] = 1.0
        return found


class Frequency(Step):
    """The logarithm of how often a category was seen."""

    kind = "frequency"

    def __init__(self, most: int = 100_000) -> None:
        self._most = most
        self._levels = Levels([], [])
        self._table = np.zeros(2)

    def fit_transform(self, values: Array, goal: Goal) -> Array:
        self._levels = Levels.of(values, self._most)
        self._read()
        return self.transform(values)

    def transform(self, values: Array) -> Array:
        return np.asarray(self._table[self._levels.numbers(values) + 1][:, None], dtype=np.float32)

    def names(self, column: str) -> list[str]:
        return [f"{column}:frequency"]

    def state(self) -> dict[str, Any]:
        return {"most": self._most, "levels": self._levels.state()}

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> Self:
        step = cls(int(state["most"]))
        step._levels = Levels.restore(state["levels"])
        step._read()
        return step

    def _read(self) -> None:
        self._table = np.array([np.nan, 0.0, *np.log1p(self._levels.counts)])


class TargetMeans(Step):
    """The mean of the target in the category, drawn towards the overall one where rows are few (Micci-Barreca 2001):
    of a class each for several classes. In training each row's mean is that of rows in other folds."""

    kind = "target means"

    def __init__(self, most: int = 100_000, smoothing: float = _SMOOTHING) -> None:
        self._most = most
        self._smoothing = smoothing
        self._levels = Levels([], [])
        self._means = np.zeros((2, 1))

    def fit_transform(self, values: Array, goal: Goal) -> Array:
        self._levels = Levels.of(values, self._most, least=1)
        places = self._levels.numbers(values) + 1
        aims = _aims(goal)
        self._means = self._table(places, aims)
        found = np.empty((len(values), aims.shape[1]), dtype=np.float32)
        for fold in np.unique(goal.folds):
            inside = goal.folds == fold
            found[inside] = self._table(places[~inside], aims[~inside])[places[inside]]
        return found

    def transform(self, values: Array) -> Array:
        return np.asarray(self._means[self._levels.numbers(values) + 1], dtype=np.float32)

    def names(self, column: str) -> list[str]:
        width = self._means.shape[1]
        return [f"{column}:mean"] if width == 1 else [f"{column}:mean{index}" for index in range(width)]

    def state(self) -> dict[str, Any]:
        return {"most": self._most, "smoothing": self._smoothing, "levels": self._levels.state(),
                "means": self._means}  # fmt: skip

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> Self:
        step = cls(int(state["most"]), float(state["smoothing"]))
        step._levels = Levels.restore(state["levels"])
        step._means = np.asarray(state["means"])
        return step

    def _table(self, places: Array, aims: Array) -> Array:
        """(levels + 2, width): the mean of missing, of unseen, and of each level."""
        size = len(self._levels.names) + 2
        overall = aims.mean(axis=0)
        counts = np.bincount(places, minlength=size)[:, None]
        sums = np.stack([np.bincount(places, aims[:, index], size) for index in range(aims.shape[1])], axis=1)
        return np.asarray((sums + self._smoothing * overall) / (counts + self._smoothing))


def _aims(goal: Goal) -> Array:
    """(rows, width) whose means are taken: the number, the positive class, or each of the most frequent classes."""
    if goal.task is Task.REGRESSION:
        return np.asarray(goal.target, dtype=float)[:, None]
    if goal.classes <= 2:
        return np.asarray(goal.target == 1, dtype=float)[:, None]
    counts = np.bincount(goal.target, minlength=goal.classes)
    kept = np.sort(np.argsort(-counts, kind="stable")[:_MOST_CLASSES_ENCODED])
    return np.asarray(goal.target[:, None] == kept, dtype=float)
