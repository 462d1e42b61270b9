"""Nearest neighbours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from modelyard.automl.featurize.design import Design, View
from modelyard.automl.models.blas import one_thread
from modelyard.automl.models.probabilities import normalised
from modelyard.automl.models.tabular_model import Means, Params, Part, Shape, TabularModel
from modelyard.automl.task import Task
from modelyard.domain.search_space import AnyDistribution, Choice

# Rows kept, of at most so many numbers together: the model is its rows, and every prediction passes over them all.
_MOST_ROWS = 20_000
_MOST_VALUES = 2_000_000
# Distances held at a time.
_BLOCK = 4_000_000
_TINY = 1e-6
# So few rows are answered before other threads have woken.
_FEW_ROWS = 16


class NearestNeighbours(TabularModel):
    """`neighbours`, and `weights`: `distance` (by its inverse) or `uniform`. Euclidean, over scaled features."""

    name = "KNN"
    aliases = ("KNeighbors", "KNeighborsClassifier", "KNeighborsRegressor", "NearestNeighbors")
    tasks = frozenset({Task.BINARY, Task.MULTICLASS, Task.REGRESSION})
    view = View.DENSE

    def __init__(self, task: Task, classes: int, params: Params) -> None:
        super().__init__(task, classes, params)
        self._rows = np.zeros((0, 0), dtype=np.float32)
        self._squares = np.zeros(0, dtype=np.float32)
        self._target = np.zeros(0)
        self._weight: np.ndarray | None = None

    @classmethod
    def default(cls, shape: Shape) -> Params:
        return {"neighbours": 10 if shape.task is Task.MULTICLASS else 20, "weights": "distance"}

    @classmethod
    def space(cls, shape: Shape) -> Mapping[str, AnyDistribution]:
        return {"neighbours": Choice(values=[1, 3, 5, 10, 20, 40, 80]),
                "weights": Choice(values=["distance", "uniform"])}  # fmt: skip

    @classmethod
    def portfolio(cls, shape: Shape) -> Sequence[Params]:
        return [cls.default(shape)]

    @classmethod
    def memory_bytes(cls, shape: Shape, params: Params) -> int:
        return 5_000_000 + min(shape.rows, _MOST_ROWS) * shape.features * 4 + _BLOCK * 20

    @classmethod
    def seconds(cls, shape: Shape, params: Params, threads: int) -> float:
        """Of the predictions for a quarter as many rows, which is where the time goes."""
        kept = min(shape.rows, _MOST_ROWS)
        return 0.01 + shape.rows / 4 * kept * (1.2e-8 + shape.features * 1e-10)

    def _fit(self, train: Part, watch: Part | None, means: Means) -> None:
        matrix = train.design.matrix
        most = min(_MOST_ROWS, max(1_000, _MOST_VALUES // max(1, matrix.shape[1])))
        chosen: Any = slice(None)
        if matrix.shape[0] > most:
            chosen = np.sort(np.random.default_rng(means.seed).choice(matrix.shape[0], most, replace=False))
        self._know(np.ascontiguousarray(matrix[chosen], dtype=np.float32), train.target[chosen].astype(np.float64),
                   None if train.weight is None else train.weight[chosen])  # fmt: skip

    def _know(self, rows: np.ndarray, target: np.ndarray, weight: np.ndarray | None) -> None:
        self._rows, self._target, self._weight = rows, target, weight
        self._squares = np.einsum("ij,ij->i", rows, rows)

    def predict(self, design: Design, threads: int = 1) -> np.ndarray:
        matrix = np.ascontiguousarray(design.matrix, dtype=np.float32)
        step = max(1, _BLOCK // max(1, len(self._rows)))
        if not len(matrix):
            return np.zeros((0, self.classes) if self.task.is_classification else 0)
        if len(matrix) < _FEW_ROWS:
            return self._block(matrix)
        with one_thread():
            return np.concatenate([self._block(matrix[start : start + step]) for start in range(0, len(matrix), step)])

    def _block(self, matrix: np.ndarray) -> np.ndarray:
        count = min(int(self.params.get("neighbours", 10)), len(self._rows))
        # One product for one row rounds otherwise than for many: the nearest are looked at again, exactly.
        near = self._squares - 2.0 * (matrix @ self._rows.T)
        wide = min(count + 4, len(self._rows))
        found = (
            np.argpartition(near, wide - 1, axis=1)[:, :wide] if wide < len(self._rows) else np.argsort(near, axis=1)
        )
        exact = ((self._rows[found].astype(np.float64) - matrix[:, None, :]) ** 2).sum(axis=2)
        order = np.lexsort((found, exact), axis=1)[:, :count]
        found = np.take_along_axis(found, order, axis=1)
        distance = np.sqrt(np.take_along_axis(exact, order, axis=1))
        shares = np.ones_like(distance)
        if self.params.get("weights", "distance") == "distance":
            shares = 1.0 / np.maximum(distance, _TINY)
        if self._weight is not None:
            shares = shares * self._weight[found]
        return self._answer(self._target[found], shares)

    def _answer(self, targets: np.ndarray, shares: np.ndarray) -> np.ndarray:
        if self.task is Task.REGRESSION:
            total = shares.sum(axis=1)
            mean: np.ndarray = (targets * shares).sum(axis=1) / np.where(total > 0, total, 1.0)
            return np.where(total > 0, mean, self._target.mean())
        votes = np.zeros((len(targets), self.classes))
        rows = np.broadcast_to(np.arange(len(targets))[:, None], targets.shape)
        np.add.at(votes, (rows, targets.astype(np.int64)), shares)
        # No class is impossible because none of a few neighbours is of it.
        return normalised(normalised(votes) + 0.5 / (targets.shape[1] * self.classes))

    def state(self) -> dict[str, Any]:
        weight = {} if self._weight is None else {"weight": self._weight}
        return {"rows": self._rows, "target": self._target, **weight}

    @classmethod
    def restore(cls, task: Task, classes: int, params: Params, state: Mapping[str, Any]) -> Self:
        model = cls(task, classes, params)
        weight = state.get("weight")
        model._know(
            np.asarray(state["rows"]), np.asarray(state["target"]), None if weight is None else np.asarray(weight)
        )
        return model
