"""Linear models by stochastic gradient descent: for very many rows or features."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from modelyard.automl.models.linear_form import LinearForm, values_of
from modelyard.automl.models.probabilities import normalised, pair, sigmoid
from modelyard.automl.models.proxy import loss
from modelyard.automl.models.tabular_model import Means, OutOfTime, Params, Part, Shape
from modelyard.automl.models.target_form import TargetForm
from modelyard.automl.task import Task
from modelyard.domain.extras import LazyModule
from modelyard.domain.search_space import AnyDistribution, Choice, LogUniform

linear: Any = LazyModule("sklearn.linear_model", extra="automl", what="SGD")

_PATIENCE = 3


class StochasticGradient(LinearForm):
    """scikit-learn's `alpha`, `penalty`, `eta0`; `epochs` at most. Averaged over the last epochs' steps."""

    name = "SGD"
    aliases = ("SGDClassifier", "SGDRegressor", "StochasticGradientDescent")
    tasks = frozenset({Task.BINARY, Task.MULTICLASS, Task.REGRESSION})
    extra_module = "sklearn"

    @classmethod
    def default(cls, shape: Shape) -> Params:
        return {"alpha": 1e-4, "eta0": 0.05, "penalty": "l2", "epochs": 20}

    @classmethod
    def space(cls, shape: Shape) -> Mapping[str, AnyDistribution]:
        return {"alpha": LogUniform(min_value=math.log(1e-7), max_value=math.log(1e-1)),
                "eta0": LogUniform(min_value=math.log(1e-4), max_value=math.log(0.1)),
                "penalty": Choice(values=["l2", "elasticnet"])}  # fmt: skip

    @classmethod
    def seconds(cls, shape: Shape, params: Params, threads: int) -> float:
        outputs = shape.classes if shape.task is Task.MULTICLASS else 1
        return 0.02 + float(params.get("epochs", 20)) * outputs * (values_of(shape) * 3e-9 + shape.rows * 1e-7)

    def _fit(self, train: Part, watch: Part | None, means: Means) -> None:
        goal, more = train.target, {}
        if self.task is Task.REGRESSION:
            self._form = TargetForm.of("identity", goal, scaled=True)
            goal = self._form.forward(goal)
        else:
            more = {"classes": np.arange(self.classes)}
        learner, lowest, since = self._learner(means), math.inf, 0
        epochs = int(self.params.get("epochs", 20))
        for epoch in range(epochs):
            if means.deadline is not None and time.monotonic() > means.deadline:
                break
            learner.partial_fit(train.design.matrix, goal, sample_weight=train.weight, **(more if not epoch else {}))
            if watch is None:
                continue
            self._keep(learner.coef_.T.copy(), learner.intercept_.copy())
            found = loss(self.task, means.metric, watch.target, self.predict(watch.design), watch.weight)
            if found < lowest * (1 - 1e-4):
                lowest, since, self._best = found, 0, (self._coefficients, self._intercept, epoch + 1)
            else:
                since += 1
            if since >= _PATIENCE:
                break
        if not hasattr(learner, "coef_"):
            raise OutOfTime("no epoch was done before the deadline")
        if self._best is not None:
            self._coefficients, self._intercept, self._epochs = self._best
        else:
            self._keep(learner.coef_.T, learner.intercept_)
            self._epochs = epochs

    _best: tuple[np.ndarray, np.ndarray, int] | None = None
    _epochs = 20

    def predict(self, design: Any, threads: int = 1) -> np.ndarray:
        scores = self.scores(design.matrix)
        if self.task is Task.REGRESSION:
            return self._form.backward(scores)
        # Each class was learnt against all others.
        return pair(sigmoid(scores)) if scores.ndim == 1 else normalised(sigmoid(scores))

    def refit_params(self, fits: Sequence[LinearForm], growth: float) -> Params:
        epochs = [fit._epochs for fit in fits if isinstance(fit, StochasticGradient)]
        return {**self.params, "epochs": max(1, round(float(np.mean(epochs))))}

    def _learner(self, means: Means) -> Any:
        own = {key: value for key, value in self.params.items() if key != "epochs"}
        own |= {"random_state": means.seed, "average": True, "learning_rate": "invscaling", "power_t": 0.25}
        if self.task is Task.REGRESSION:
            return linear.SGDRegressor(**own)
        return linear.SGDClassifier(loss="log_loss", n_jobs=1, **own)
