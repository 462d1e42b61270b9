"""Logistic regression with a quadratic penalty, by L-BFGS."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from modelyard.automl.models.blas import one_thread
from modelyard.automl.models.linear_form import LinearForm, values_of, weights_of
from modelyard.automl.models.probabilities import sigmoid, softmax
from modelyard.automl.models.tabular_model import Means, OutOfTime, Params, Part, Shape
from modelyard.automl.task import Task
from modelyard.domain.extras import LazyModule
from modelyard.domain.search_space import AnyDistribution, LogUniform

optimize: Any = LazyModule("scipy.optimize", extra="automl", what="LogisticRegression")

_TINY = 1e-12


class LogisticRegression(LinearForm):
    """`C`: the inverse of the penalty, as in scikit-learn; `iterations` of L-BFGS at most.

    Written out here, and not called from scikit-learn, so that the deadline is looked at in every iteration.
    """

    name = "LogisticRegression"
    aliases = ("LR", "Logistic")
    tasks = frozenset({Task.BINARY, Task.MULTICLASS})
    extra_module = "scipy"

    @classmethod
    def default(cls, shape: Shape) -> Params:
        return {"C": 1.0, "iterations": 150}

    @classmethod
    def portfolio(cls, shape: Shape) -> Sequence[Params]:
        return [cls.default(shape), {"C": 0.05, "iterations": 150}]

    @classmethod
    def space(cls, shape: Shape) -> Mapping[str, AnyDistribution]:
        return {"C": LogUniform(min_value=math.log(1e-3), max_value=math.log(100))}

    @classmethod
    def seconds(cls, shape: Shape, params: Params, threads: int) -> float:
        outputs = shape.classes if shape.task is Task.MULTICLASS else 1
        one = values_of(shape) * 3e-9 * (1 + 0.15 * outputs) + shape.rows * outputs * 3e-8
        return 0.02 + float(params.get("iterations", 150)) * 0.15 * one

    def _fit(self, train: Part, watch: Part | None, means: Means) -> None:
        problem = _Problem(train, self.task, self.classes, float(self.params.get("C", 1.0)))
        last = np.zeros(problem.size)
        iterations = 0

        def follow(values: np.ndarray) -> None:
            nonlocal last, iterations
            last, iterations = values.copy(), iterations + 1
            if means.deadline is not None and time.monotonic() > means.deadline:
                raise StopIteration

        most = {"maxiter": int(self.params.get("iterations", 150)), "gtol": 1e-5, "ftol": 1e-9}
        with one_thread():
            found = optimize.minimize(problem.loss, last, jac=True, method="L-BFGS-B", callback=follow, options=most)
        if not iterations and means.deadline is not None and time.monotonic() > means.deadline:
            raise OutOfTime("no iteration of the logistic regression was done before the deadline")
        self._keep(*problem.parted(found.x if np.isfinite(found.fun) else last))


class _Problem:
    """Mean log loss plus penalty, and its slope; in the matrix's own float32, summed in float64."""

    def __init__(self, train: Part, task: Task, classes: int, inverse: float) -> None:
        self._matrix = train.design.matrix
        rows, self._features = self._matrix.shape
        self._outputs = classes if task is Task.MULTICLASS else 1
        self._own = weights_of(train.weight, rows)
        self._penalty = 1.0 / (inverse * rows)
        self._target = train.target.astype(np.int64)
        self._hits = (self._target == 1) * 1.0
        if self._outputs > 1:
            self._hits = np.zeros((rows, classes))
            self._hits[np.arange(rows), self._target] = 1.0
        self.size = (self._features + 1) * self._outputs

    def parted(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        whole = values.reshape(self._features + 1, self._outputs)
        return whole[:-1], whole[-1]

    def loss(self, values: np.ndarray) -> tuple[float, np.ndarray]:
        coefficients, intercept = self.parted(values)
        scores = np.asarray(self._matrix @ coefficients.astype(np.float32), dtype=np.float64) + intercept
        if self._outputs == 1:
            shares = sigmoid(scores[:, 0])
            chosen = np.where(self._target == 1, shares, 1.0 - shares)
            off = ((shares - self._hits) * self._own)[:, None]
        else:
            shares = softmax(scores)
            chosen = shares[np.arange(len(shares)), self._target]
            off = (shares - self._hits) * self._own[:, None]
        slope = np.empty((self._features + 1, self._outputs))
        slope[:-1] = np.asarray(self._matrix.T @ off.astype(np.float32), dtype=np.float64)
        slope[:-1] += self._penalty * coefficients
        slope[-1] = off.sum(axis=0)
        value = -float(self._own @ np.log(np.maximum(chosen, _TINY)))
        return value + 0.5 * self._penalty * float(np.sum(coefficients**2)), slope.ravel()
