"""Means of the target by category."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from modelyard.automl.featurize.cells import label
from modelyard.automl.featurize.coded import Coded
from modelyard.automl.featurize.steps.levels import Levels
from modelyard.automl.featurize.steps.step import Array, Goal, Step

# Rows that a category's own mean must outweigh, within which the data decide.
_LEAST_SMOOTHING = 1.0
_MOST_SMOOTHING = 100.0
_MOST_CLASSES_ENCODED = 10


class TargetMeans(Step):
    """The mean of the target in the category, drawn towards the overall one where rows are few: of a class each for
    several classes. In training each row's mean is that of rows in other folds.

    Micci-Barreca, 2001, "A preprocessing scheme for high-cardinality categorical attributes": the weight of a
    category of n rows is n / (n + m); m is the variance within categories over that between them.
    """

    kind = "target means"
    coded = True

    def __init__(self, most: int = 100_000) -> None:
        self._most = most
        self._smoothing = 10.0
        self._levels = Levels([], [])
        self._means = np.zeros((2, 1))

    def fit_transform(self, values: Coded, goal: Goal) -> Array:
        self._levels = Levels.of(values, self._most, least=1)
        places = self._levels.numbers(values) + 1
        aims = _aims(goal)
        size = len(self._levels.names) + 2
        self._smoothing = _smoothing(places, aims, size)
        counts, sums = _sums(places, aims, size)
        self._means = self._table(counts, sums)
        found = np.empty((len(places), aims.shape[1]), dtype=np.float32)
        for fold in np.unique(goal.folds):
            inside = goal.folds == fold
            own_counts, own_sums = _sums(places[inside], aims[inside], size)
            found[inside] = self._table(counts - own_counts, sums - own_sums)[places[inside]]
        return found

    def transform(self, values: Coded) -> Array:
        return np.asarray(self._means[self._levels.numbers(values) + 1], dtype=np.float32)

    def row(self, value: Any) -> list[float]:
        return list(self._means[self._levels.number(label(value)) + 1].tolist())

    def names(self, column: str) -> list[str]:
        width = self._means.shape[1]
        return [f"{column}:mean"] if width == 1 else [f"{column}:mean{index}" for index in range(width)]

    def state(self) -> dict[str, Any]:
        return {"most": self._most, "smoothing": self._smoothing, "levels": self._levels.state(),
                "means": self._means}  # fmt: skip

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> Self:
        step = cls(int(state["most"]))
        step._smoothing = float(state["smoothing"])
        step._levels = Levels.restore(state["levels"])
        step._means = np.asarray(state["means"])
        return step

    def _table(self, counts: Array, sums: Array) -> Array:
        """(levels + 2, width): the mean of missing, of unseen, and of each level."""
        overall = sums.sum(axis=0) / max(1.0, float(counts.sum()))
        return np.asarray((sums + self._smoothing * overall) / (counts + self._smoothing))


def _sums(places: Array, aims: Array, size: int) -> tuple[Array, Array]:
    """(size, 1) rows and (size, width) sums of each level."""
    counts = np.bincount(places, minlength=size)[:, None].astype(float)
    return counts, np.stack([np.bincount(places, aims[:, index], size) for index in range(aims.shape[1])], axis=1)


def _smoothing(places: Array, aims: Array, size: int) -> float:
    """Variance within levels over variance between them, by moments (one-way random effects)."""
    counts, sums = _sums(places, aims, size)
    squares = _sums(places, aims**2, size)[1]
    there = counts[:, 0] > 0
    counts, sums, squares = counts[there], sums[there], squares[there]
    rows, levels = float(counts.sum()), len(counts)
    if levels < 2 or rows <= levels:
        return 10.0
    within = float((squares - sums**2 / counts).sum()) / (rows - levels)
    apart = float((counts * (sums / counts - sums.sum(axis=0) / rows) ** 2).sum()) / (levels - 1)
    effective = (rows - float((counts**2).sum()) / rows) / (levels - 1)
    between = (apart - within) / effective
    if between <= 0:
        return _MOST_SMOOTHING
    return float(np.clip(within / between, _LEAST_SMOOTHING, _MOST_SMOOTHING))


def _aims(goal: Goal) -> Array:
    """(rows, width) whose means are taken: the number, the positive class, or each of the most frequent classes."""
    if not goal.task.is_classification:
        return np.asarray(goal.target, dtype=float)[:, None]
    if goal.classes <= 2:
        return np.asarray(goal.target == 1, dtype=float)[:, None]
    counts = np.bincount(goal.target, minlength=goal.classes)
    kept = np.sort(np.argsort(-counts, kind="stable")[:_MOST_CLASSES_ENCODED])
    return np.asarray(goal.target[:, None] == kept, dtype=float)
