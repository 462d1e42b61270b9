"""The lasso by least-angle regression (Efron et al. 2004): a path of ever more features, cut where it says."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from modelyard.automl.featurize.design import View
from modelyard.automl.models.linear_form import LinearForm, weights_of
from modelyard.automl.models.tabular_model import Means, Params, Part, Shape
from modelyard.automl.models.target_form import TargetForm
from modelyard.automl.task import Task
from modelyard.domain.extras import LazyModule
from modelyard.domain.search_space import AnyDistribution, LogUniform

linear: Any = LazyModule("sklearn.linear_model", extra="automl", what="LassoLars")


class LassoLars(LinearForm):
    """scikit-learn's `alpha`, of a target of deviation 1; `steps` of the path at most."""

    name = "LassoLars"
    aliases = ("Lars",)
    tasks = frozenset({Task.REGRESSION})
    view = View.DENSE
    extra_module = "sklearn"

    @classmethod
    def default(cls, shape: Shape) -> Params:
        return {"alpha": 1e-3, "steps": 200}

    @classmethod
    def space(cls, shape: Shape) -> Mapping[str, AnyDistribution]:
        return {"alpha": LogUniform(min_value=math.log(1e-5), max_value=math.log(0.1))}

    @classmethod
    def memory_bytes(cls, shape: Shape, params: Params) -> int:
        return 10_000_000 + shape.rows * shape.features * 16 + shape.features**2 * 8

    @classmethod
    def seconds(cls, shape: Shape, params: Params, threads: int) -> float:
        return 0.02 + shape.rows * shape.features * min(shape.features, 200) * 2e-9

    def _fit(self, train: Part, watch: Part | None, means: Means) -> None:
        self._form = TargetForm.of("identity", train.target, scaled=True)
        own = weights_of(train.weight, len(train.target)) * len(train.target)
        matrix, goal = train.design.matrix.astype(np.float64), self._form.forward(train.target)
        # Centred and weighted by hand: the library's path takes no weights.
        centres, middle = own @ matrix / own.sum(), float(own @ goal / own.sum())
        root = np.sqrt(own)[:, None]
        learner = linear.LassoLars(alpha=float(self.params.get("alpha", 1e-3)), fit_intercept=False, copy_X=False,
                                   max_iter=int(self.params.get("steps", 200)), random_state=means.seed)  # fmt: skip
        with warnings.catch_warnings():
            # Degenerate features are dropped from the path, which is what we want.
            warnings.simplefilter("ignore")
            learner.fit((matrix - centres) * root, (goal - middle) * root[:, 0])
        found = np.asarray(learner.coef_).ravel()
        self._keep(found, middle - float(centres @ found))
