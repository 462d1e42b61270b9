"""What the naive Bayes models share: a score for each class that is linear in the features or in their squares."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from modelyard.automl.featurize.design import Design, Matrix, View
from modelyard.automl.models.linear_form import values_of
from modelyard.automl.models.probabilities import softmax
from modelyard.automl.models.tabular_model import Means, Params, Part, Shape, TabularModel
from modelyard.automl.task import Task
from modelyard.domain.extras import LazyModule

sparse: Any = LazyModule("scipy.sparse", extra="automl", what="naive Bayes")


class NaiveBayes(TabularModel):
    """One pass over the rows. `log P(class) + log P(row | class)`, as if features were independent given the class."""

    tasks = frozenset({Task.BINARY, Task.MULTICLASS})
    view = View.COUNTS
    extra_module = "scipy"

    def __init__(self, task: Task, classes: int, params: Params) -> None:
        super().__init__(task, classes, params)
        self._terms: dict[str, np.ndarray] = {}

    @classmethod
    def memory_bytes(cls, shape: Shape, params: Params) -> int:
        return int(5e6 + values_of(shape) * 8 + shape.rows * shape.classes * 16)

    @classmethod
    def seconds(cls, shape: Shape, params: Params, threads: int) -> float:
        return 0.01 + values_of(shape) * (4e-9 + shape.classes * 5e-10)

    def _fit(self, train: Part, watch: Part | None, means: Means) -> None:
        rows = len(train.target)
        own = np.ones(rows) if train.weight is None else train.weight
        # (classes, rows): row i stands, with its weight, in the line of its class.
        member = sparse.csr_matrix((own, (train.target.astype(np.int64), np.arange(rows))), (self.classes, rows))
        counts = np.asarray(member.sum(axis=1)).ravel()
        # A class of no row is improbable, not impossible: its prior is a hundredth of a row.
        self._terms = self._learn(member, train.design.matrix, np.maximum(counts, 1e-9))
        self._terms["prior"] = np.log(np.maximum(counts, 0.01) / np.maximum(counts, 0.01).sum())

    @abstractmethod
    def _learn(self, member: Any, matrix: Matrix, counts: np.ndarray) -> dict[str, np.ndarray]:
        """What the scores need, from sums over the rows of each class (`member @ ...`) and weights of classes."""

    @abstractmethod
    def _scores(self, matrix: Matrix) -> np.ndarray:
        """(rows, classes): log P(row | class), up to what is the same for all classes."""

    def predict(self, design: Design, threads: int = 1) -> np.ndarray:
        return softmax(np.asarray(self._scores(design.matrix), dtype=np.float64) + self._terms["prior"])

    def state(self) -> dict[str, Any]:
        return dict(self._terms)

    @classmethod
    def restore(cls, task: Task, classes: int, params: Params, state: Mapping[str, Any]) -> Self:
        model = cls(task, classes, params)
        model._terms = {key: np.asarray(value) for key, value in state.items()}
        return model


def dense(matrix: Any) -> np.ndarray:
    return np.asarray(matrix.toarray() if sparse.issparse(matrix) else matrix, dtype=np.float64)
