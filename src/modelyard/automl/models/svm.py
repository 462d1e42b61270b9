"""Support vector machine with a Gaussian kernel, with probabilities."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from modelyard.automl.featurize.design import Design, View
from modelyard.automl.models.blas import one_thread
from modelyard.automl.models.margin_calibration import calibrated, fitted_margins
from modelyard.automl.models.probabilities import spread
from modelyard.automl.models.tabular_model import Means, OutOfTime, Params, Part, Shape, TabularModel
from modelyard.automl.models.target_form import TargetForm
from modelyard.automl.task import Task
from modelyard.domain.extras import LazyModule
from modelyard.domain.search_space import AnyDistribution, LogUniform

svm: Any = LazyModule("sklearn.svm", extra="automl", what="SVM")

# A fit takes the square of its rows and more; it learns from at most so many.
_MOST_ROWS = 8_000
_HELD = 0.2
_BLOCK = 4_000_000
_CACHE_MEGABYTES = 200


class SupportVectors(TabularModel):
    """scikit-learn's `C`; `gamma` as a multiple of 1 / features. One machine for each class against the rest."""

    name = "SVM"
    aliases = ("SVC", "SVR", "SupportVectorMachine")
    tasks = frozenset({Task.BINARY, Task.MULTICLASS, Task.REGRESSION})
    view = View.DENSE
    extra_module = "sklearn"

    def __init__(self, task: Task, classes: int, params: Params) -> None:
        super().__init__(task, classes, params)
        self._vectors = np.zeros((0, 0), dtype=np.float32)
        self._duals = np.zeros((0, 1))
        self._intercept = np.zeros(1)
        self._gamma = 1.0
        self._present = np.arange(classes)
        self._calibration = np.zeros(1 + classes)
        self._form = TargetForm()

    @classmethod
    def default(cls, shape: Shape) -> Params:
        return {"C": 1.0, "gamma": 1.0}

    @classmethod
    def space(cls, shape: Shape) -> Mapping[str, AnyDistribution]:
        return {"C": LogUniform(min_value=math.log(0.03), max_value=math.log(100)),
                "gamma": LogUniform(min_value=math.log(0.05), max_value=math.log(10))}  # fmt: skip

    @classmethod
    def portfolio(cls, shape: Shape) -> Sequence[Params]:
        return [{"C": 10.0 if shape.task is Task.MULTICLASS else 1.0, "gamma": 1.0}]

    @classmethod
    def memory_bytes(cls, shape: Shape, params: Params) -> int:
        rows = min(shape.rows, _MOST_ROWS)
        return _CACHE_MEGABYTES * 1_000_000 + rows * shape.features * 24 + _BLOCK * 12

    @classmethod
    def seconds(cls, shape: Shape, params: Params, threads: int) -> float:
        return 0.02 + _seconds(min(shape.rows, _MOST_ROWS), shape.features, _machines(shape.task, shape.classes))

    def _fit(self, train: Part, watch: Part | None, means: Means) -> None:
        rows, features = train.design.matrix.shape
        self._gamma = float(self.params.get("gamma", 1.0)) / max(1, features)
        most = min(rows, _MOST_ROWS, self._affordable(features, means))
        chance = np.random.default_rng(means.seed)
        chosen = np.sort(chance.choice(rows, most, replace=False)) if most < rows else np.arange(rows)
        matrix, target = train.design.matrix[chosen], train.target[chosen]
        own = np.ones(most) if train.weight is None else train.weight[chosen]
        if self.task is Task.REGRESSION:
            self._form = TargetForm.of("identity", target, scaled=True)
            learner = svm.SVR(C=float(self.params.get("C", 1.0)), gamma=self._gamma, cache_size=_CACHE_MEGABYTES)
            self._know([self._learnt(learner, matrix, self._form.forward(target), own)], matrix)
            return
        self._fit_classes(matrix, target.astype(np.int64), own, chance)

    def _fit_classes(
        self, matrix: np.ndarray, target: np.ndarray, own: np.ndarray, chance: np.random.Generator
    ) -> None:
        self._present = np.unique(target)
        if len(self._present) == 1:
            return
        mixed = chance.permutation(len(target))
        held, rest = mixed[: round(len(target) * _HELD)], mixed[round(len(target) * _HELD) :]
        if len(np.unique(target[rest])) < len(self._present):
            held, rest = mixed, mixed
        self._know(self._machines(matrix[rest], target[rest], own[rest]), matrix[rest])
        margins = self._scores(matrix[held])
        places = np.searchsorted(self._present, target)
        self._calibration = fitted_margins(_margins(margins), places[held], own[held])
        self._know(self._machines(matrix, target, own), matrix)

    def _machines(self, matrix: np.ndarray, target: np.ndarray, own: np.ndarray) -> list[Any]:
        wanted = self._present[1:] if len(self._present) == 2 else self._present
        found = []
        for one in wanted:
            learner = svm.SVC(C=float(self.params.get("C", 1.0)), gamma=self._gamma, cache_size=_CACHE_MEGABYTES)
            found.append(self._learnt(learner, matrix, (target == one).astype(np.int64), own))
        return found

    def _learnt(self, learner: Any, matrix: np.ndarray, goal: np.ndarray, own: np.ndarray) -> Any:
        with warnings.catch_warnings():
            # Bounded steps: not converged to the last digit is good enough for a candidate judged by its score.
            warnings.simplefilter("ignore")
            return learner.set_params(max_iter=20 * len(goal) + 1_000, tol=1e-2).fit(matrix, goal, sample_weight=own)

    def _know(self, machines: Sequence[Any], matrix: np.ndarray) -> None:
        """All machines over the rows that any of them leans on."""
        duals = np.zeros((len(matrix), len(machines)))
        for column, one in enumerate(machines):
            duals[one.support_, column] = np.asarray(one.dual_coef_).ravel()
        used = np.flatnonzero(np.abs(duals).sum(axis=1) > 0)
        if not len(used):
            used = np.array([0])
        self._vectors = np.ascontiguousarray(matrix[used], dtype=np.float32)
        self._duals = duals[used].astype(np.float32)
        self._intercept = np.array([float(one.intercept_[0]) for one in machines])

    def _affordable(self, features: int, means: Means) -> int:
        """Rows of a fit that ends before the deadline."""
        if means.deadline is None:
            return _MOST_ROWS
        left = means.deadline - time.monotonic()
        rows = _MOST_ROWS
        while rows >= 50 and _seconds(rows, features, _machines(self.task, self.classes)) > left:
            rows = rows * 2 // 3
        if rows < 50:
            raise OutOfTime("a support vector machine of fifty rows would pass the deadline")
        return rows

    def predict(self, design: Design, threads: int = 1) -> np.ndarray:
        if self.task.is_classification and len(self._present) == 1:
            return spread(np.ones((design.matrix.shape[0], 1)), self._present, self.classes)
        scores = self._scores(design.matrix)
        if self.task is Task.REGRESSION:
            return self._form.backward(scores[:, 0])
        return spread(calibrated(_margins(scores), self._calibration), self._present, self.classes)

    def _scores(self, matrix: np.ndarray) -> np.ndarray:
        """(rows, machines)"""
        given = np.ascontiguousarray(matrix, dtype=np.float32)
        step = max(1, _BLOCK // max(1, len(self._vectors)))
        squares = np.einsum("ij,ij->i", self._vectors, self._vectors)
        found = np.empty((len(given), self._duals.shape[1]))
        with one_thread():
            for start in range(0, len(given), step):
                part = given[start : start + step]
                distance = np.einsum("ij,ij->i", part, part)[:, None] + squares - 2.0 * (part @ self._vectors.T)
                found[start : start + step] = np.exp(-self._gamma * np.maximum(distance, 0.0)) @ self._duals
        return found + self._intercept

    def state(self) -> dict[str, Any]:
        return {"vectors": self._vectors, "duals": self._duals, "intercept": self._intercept, "gamma": self._gamma,
                "present": self._present, "calibration": self._calibration, "form": self._form.state()}  # fmt: skip

    @classmethod
    def restore(cls, task: Task, classes: int, params: Params, state: Mapping[str, Any]) -> Self:
        model = cls(task, classes, params)
        model._vectors, model._duals = np.asarray(state["vectors"]), np.asarray(state["duals"])
        model._intercept, model._gamma = np.asarray(state["intercept"]), float(state["gamma"])
        model._present, model._calibration = np.asarray(state["present"]), np.asarray(state["calibration"])
        model._form = TargetForm.restore(state["form"])
        return model


def _margins(scores: np.ndarray) -> np.ndarray:
    """(rows, classes), also for two of them."""
    return np.concatenate([-scores, scores], axis=1) / 2 if scores.shape[1] == 1 else scores


def _machines(task: Task, classes: int) -> float:
    """Fits in all, in units of one on all rows; those of the calibration cost two thirds."""
    if task is Task.REGRESSION:
        return 1.0
    return 1.7 * (classes if classes > 2 else 1)


def _seconds(rows: int, features: int, machines: float) -> float:
    return machines * rows**2 * (features * 2e-10 + 1e-8)
