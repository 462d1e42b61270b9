"""The answer without looking at the row: what every other candidate has to beat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from modelyard.automl.featurize.design import Design, View
from modelyard.automl.models.proxy import wants_median
from modelyard.automl.models.tabular_model import Means, Params, Part, Shape, TabularModel
from modelyard.automl.task import Task
from modelyard.domain.search_space import AnyDistribution


class Baseline(TabularModel):
    """Shares of the classes; the mean, or the median where the metric asks for it."""

    name = "Baseline"
    aliases = ("Dummy", "Constant")
    tasks = frozenset({Task.BINARY, Task.MULTICLASS, Task.REGRESSION})
    view = View.TREE

    def __init__(self, task: Task, classes: int, params: Params) -> None:
        super().__init__(task, classes, params)
        self._answer = np.zeros(classes)

    @classmethod
    def default(cls, shape: Shape) -> Params:
        return {}

    @classmethod
    def space(cls, shape: Shape) -> Mapping[str, AnyDistribution]:
        return {}

    @classmethod
    def memory_bytes(cls, shape: Shape, params: Params) -> int:
        return shape.rows * 8

    @classmethod
    def seconds(cls, shape: Shape, params: Params, threads: int) -> float:
        return 1e-3

    def _fit(self, train: Part, watch: Part | None, means: Means) -> None:
        if self.task.is_classification:
            counts = np.bincount(train.target.astype(np.int64), weights=train.weight, minlength=self.classes)
            self._answer = counts / counts.sum()
        elif wants_median(means.metric):
            self._answer = np.array([_median(train.target, train.weight)])
        else:
            self._answer = np.array([np.average(train.target, weights=train.weight)])

    def predict(self, design: Design, threads: int = 1) -> np.ndarray:
        rows = design.matrix.shape[0]
        if self.task.is_classification:
            return np.tile(self._answer, (rows, 1))
        return np.full(rows, self._answer[0])

    def state(self) -> dict[str, Any]:
        return {"answer": self._answer.tolist()}

    @classmethod
    def restore(cls, task: Task, classes: int, params: Params, state: Mapping[str, Any]) -> Self:
        model = cls(task, classes, params)
        model._answer = np.asarray(state["answer"], dtype=np.float64)
        return model


def _median(values: np.ndarray, weight: np.ndarray | None) -> float:
    if weight is None:
        return float(np.median(values))
    order = np.argsort(values)
    reached = np.cumsum(weight[order])
    return float(values[order][np.searchsorted(reached, reached[-1] / 2)])
