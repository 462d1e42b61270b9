"""What every linear candidate is once fitted: coefficients and an intercept."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from modelyard.automl.featurize.design import Design, Matrix, View
from modelyard.automl.models.contributions import GivesContributions
from modelyard.automl.models.probabilities import pair, sigmoid, softmax
from modelyard.automl.models.tabular_model import Params, Shape, TabularModel
from modelyard.automl.models.target_form import IDENTITY, TargetForm
from modelyard.automl.task import Task


class LinearForm(TabularModel, GivesContributions):
    """Scores are `matrix @ coefficients + intercept`: numbers, log odds of class 1, or one score a class (softmax)."""

    view = View.LINEAR
    contribution_method = "linear"

    def __init__(self, task: Task, classes: int, params: Params) -> None:
        super().__init__(task, classes, params)
        self._coefficients = np.zeros((0, 1))
        self._intercept = np.zeros(1)
        self._form = TargetForm()

    @classmethod
    def memory_bytes(cls, shape: Shape, params: Params) -> int:
        return int(10e6 + shape.rows * (shape.features * shape.nonzero_fraction * 12 + 40 * shape.classes))

    def scores(self, matrix: Matrix) -> np.ndarray:
        """(rows,) for one output, else (rows, outputs), float64."""
        found = np.asarray(matrix @ self._coefficients, dtype=np.float64) + self._intercept
        return found[:, 0] if found.shape[1] == 1 else found

    def predict(self, design: Design, threads: int = 1) -> np.ndarray:
        scores = self.scores(design.matrix)
        if self.task is Task.REGRESSION:
            return self._form.backward(scores)
        return pair(sigmoid(scores)) if scores.ndim == 1 else softmax(scores)

    @property
    def contributes(self) -> bool:
        """Not where probabilities are calibrated beyond the scores: those are then no log odds."""
        return self._form.kind == IDENTITY and type(self).predict is LinearForm.predict

    def contributions(self, design: Design) -> np.ndarray:
        """Each feature's term. Features are scaled, so a term is what sets a row apart from a middling one."""
        matrix = design.matrix.toarray() if hasattr(design.matrix, "toarray") else np.asarray(design.matrix)
        terms = matrix[:, :, None].astype(np.float64) * self._coefficients
        base = np.broadcast_to(self._intercept, (len(matrix), 1, terms.shape[2]))
        found = np.concatenate([terms, base], axis=1)
        if found.shape[2] > 1:
            return found
        # In the target's own unit.
        found = found[:, :, 0] * self._form.scale
        found[:, -1] += self._form.centre
        return found

    def state(self) -> dict[str, Any]:
        return {"coefficients": self._coefficients, "intercept": self._intercept, "form": self._form.state()}

    @classmethod
    def restore(cls, task: Task, classes: int, params: Params, state: Mapping[str, Any]) -> Self:
        model = cls(task, classes, params)
        model._coefficients = np.asarray(state["coefficients"])
        model._intercept = np.asarray(state["intercept"])
        model._form = TargetForm.restore(state["form"])
        return model

    def importances(self) -> np.ndarray:
        return np.asarray(np.abs(self._coefficients).mean(axis=1), dtype=np.float64)

    def _keep(self, coefficients: np.ndarray, intercept: np.ndarray | float) -> None:
        """`coefficients` of shape (features,) or (features, outputs); kept in float32, a product's own precision."""
        self._coefficients = np.ascontiguousarray(coefficients.reshape(coefficients.shape[0], -1), dtype=np.float32)
        self._intercept = np.atleast_1d(np.asarray(intercept, dtype=np.float64))

    @abstractmethod
    def _fit(self, train: Any, watch: Any, means: Any) -> None: ...


def values_of(shape: Shape) -> float:
    """How many numbers one pass over the matrix touches."""
    return shape.rows * shape.features * max(shape.nonzero_fraction, 1e-3)


def weights_of(weight: np.ndarray | None, rows: int) -> np.ndarray:
    """(rows,) that sum to 1."""
    return np.full(rows, 1.0 / rows) if weight is None else np.asarray(weight / weight.sum(), dtype=np.float64)
