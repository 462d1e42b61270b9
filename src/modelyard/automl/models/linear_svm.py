"""Linear support vector machine, with probabilities."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from modelyard.automl.featurize.design import Design
from modelyard.automl.models.linear_form import LinearForm, values_of
from modelyard.automl.models.margin_calibration import calibrated, fitted_margins
from modelyard.automl.models.probabilities import spread
from modelyard.automl.models.tabular_model import Means, Params, Part, Shape
from modelyard.automl.task import Task
from modelyard.domain.extras import LazyModule
from modelyard.domain.search_space import AnyDistribution, LogUniform

svm: Any = LazyModule("sklearn.svm", extra="automl", what="LinearSVM")

_HELD = 0.2
_MOST_STEPS = 200


class LinearSVM(LinearForm):
    """scikit-learn's `C`. Margins become probabilities on a fifth of the rows, held back from a first fit."""

    name = "LinearSVM"
    aliases = ("LinearSVC", "LinearSupportVectorMachine")
    tasks = frozenset({Task.BINARY, Task.MULTICLASS})
    extra_module = "sklearn"

    def __init__(self, task: Task, classes: int, params: Params) -> None:
        super().__init__(task, classes, params)
        self._present = np.arange(classes)
        self._calibration = np.zeros(1 + classes)

    @classmethod
    def default(cls, shape: Shape) -> Params:
        return {"C": 0.1}

    @classmethod
    def space(cls, shape: Shape) -> Mapping[str, AnyDistribution]:
        return {"C": LogUniform(min_value=math.log(1e-4), max_value=math.log(30))}

    @classmethod
    def seconds(cls, shape: Shape, params: Params, threads: int) -> float:
        return 0.02 + values_of(shape) * 60 * 2e-9 * (shape.classes if shape.classes > 2 else 1) * 2

    def _fit(self, train: Part, watch: Part | None, means: Means) -> None:
        target = train.target.astype(np.int64)
        self._present = np.unique(target)
        if len(self._present) == 1:
            return
        rows = len(target)
        own = np.ones(rows) if train.weight is None else train.weight
        mixed = np.random.default_rng(means.seed).permutation(rows)
        held, rest = mixed[: round(rows * _HELD)], mixed[round(rows * _HELD) :]
        margins = None
        if len(np.unique(target[rest])) == len(self._present):
            first = self._learnt(train.design.matrix[rest], target[rest], own[rest], means.seed)
            margins = _margins(first.decision_function(train.design.matrix[held]))
        whole = self._learnt(train.design.matrix, target, own, means.seed)
        self._keep(np.asarray(whole.coef_).T, np.asarray(whole.intercept_))
        places = np.searchsorted(self._present, target)
        if margins is None:
            held, margins = np.arange(rows), _margins(self.scores(train.design.matrix))
        self._calibration = fitted_margins(margins, places[held], own[held])

    def _learnt(self, matrix: Any, target: np.ndarray, own: np.ndarray, seed: int) -> Any:
        with warnings.catch_warnings():
            # Not converged to the last digit is good enough for a candidate that is judged by its score.
            warnings.simplefilter("ignore")
            learner = svm.LinearSVC(C=float(self.params.get("C", 0.1)), dual="auto", max_iter=_MOST_STEPS,
                                    random_state=seed)  # fmt: skip
            return learner.fit(matrix, target, sample_weight=own)

    def predict(self, design: Design, threads: int = 1) -> np.ndarray:
        if len(self._present) == 1:
            return spread(np.ones((design.matrix.shape[0], 1)), self._present, self.classes)
        shares = calibrated(_margins(self.scores(design.matrix)), self._calibration)
        return spread(shares, self._present, self.classes)

    def state(self) -> dict[str, Any]:
        return {**super().state(), "present": self._present, "calibration": self._calibration}

    @classmethod
    def restore(cls, task: Task, classes: int, params: Params, state: Mapping[str, Any]) -> Self:
        model = super().restore(task, classes, params, state)
        model._present = np.asarray(state["present"])
        model._calibration = np.asarray(state["calibration"])
        return model


def _margins(scores: np.ndarray) -> np.ndarray:
    """(rows, classes), also for two of them."""
    return np.stack([-scores, scores], axis=1) / 2 if scores.ndim == 1 else scores
