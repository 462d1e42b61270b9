"""Linear regression with absolute and quadratic penalties (Zou & Hastie 2005)."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from modelyard.automl.models.linear_form import LinearForm, values_of
from modelyard.automl.models.proxy import wants_logarithm
from modelyard.automl.models.tabular_model import Means, Params, Part, Shape
from modelyard.automl.models.target_form import IDENTITY, LOG, TargetForm
from modelyard.automl.task import Task
from modelyard.domain.extras import LazyModule
from modelyard.domain.search_space import AnyDistribution, Choice, LogUniform, Uniform

linear: Any = LazyModule("sklearn.linear_model", extra="automl", what="ElasticNet")

_MOST_SWEEPS = 300


class ElasticNet(LinearForm):
    """scikit-learn's `alpha` (of a target of deviation 1) and `l1_ratio`; `target` as LightGBM's."""

    name = "ElasticNet"
    aliases = ("Lasso",)
    tasks = frozenset({Task.REGRESSION})
    extra_module = "sklearn"

    @classmethod
    def default(cls, shape: Shape) -> Params:
        return {"alpha": 1e-3, "l1_ratio": 0.5}

    @classmethod
    def portfolio(cls, shape: Shape) -> Sequence[Params]:
        return [cls.default(shape), {"alpha": 1e-2, "l1_ratio": 0.5}]

    @classmethod
    def space(cls, shape: Shape) -> Mapping[str, AnyDistribution]:
        return {"alpha": LogUniform(min_value=math.log(1e-5), max_value=math.log(0.5)),
                "l1_ratio": Uniform(min_value=0.01, max_value=1.0),
                "target": Choice(values=[IDENTITY, LOG])}  # fmt: skip

    @classmethod
    def seconds(cls, shape: Shape, params: Params, threads: int) -> float:
        return 0.02 + values_of(shape) * 60 * 1.5e-9

    def _fit(self, train: Part, watch: Part | None, means: Means) -> None:
        kind = LOG if wants_logarithm(means.metric) else str(self.params.get("target", IDENTITY))
        self._form = TargetForm.of(kind, train.target, scaled=True)
        settings = {key: value for key, value in self.params.items() if key != "target"}
        learner = linear.ElasticNet(max_iter=_MOST_SWEEPS, tol=1e-3, **settings)
        with warnings.catch_warnings():
            # Not converged to the last digit is good enough for a candidate that is judged by its score.
            warnings.simplefilter("ignore")
            learner.fit(train.design.matrix, self._form.forward(train.target), sample_weight=train.weight)
        self._keep(np.asarray(learner.coef_), np.asarray(learner.intercept_))
        if not wants_logarithm(means.metric):
            self._form = self._form.smeared(train.target, self.scores(train.design.matrix))
