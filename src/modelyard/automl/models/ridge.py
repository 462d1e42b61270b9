"""Linear regression with a quadratic penalty, by its normal equations."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from modelyard.automl.models.linear_form import LinearForm, values_of, weights_of
from modelyard.automl.models.proxy import wants_logarithm
from modelyard.automl.models.tabular_model import Means, Params, Part, Shape
from modelyard.automl.models.target_form import IDENTITY, LOG, TargetForm
from modelyard.automl.task import Task
from modelyard.domain.extras import LazyModule
from modelyard.domain.search_space import AnyDistribution, Choice, LogUniform

linalg: Any = LazyModule("scipy.sparse.linalg", extra="automl", what="Ridge")
sparse: Any = LazyModule("scipy.sparse", extra="automl", what="Ridge")

# Of more features than this the normal equations are too large; conjugate gradients never form them.
_MOST_FEATURES = 2_000


class Ridge(LinearForm):
    """`alpha`: the penalty, of a target of deviation 1 and a mean over rows; `target` as LightGBM's."""

    name = "Ridge"
    aliases = ("LinearRegression", "Linear", "RidgeRegression")
    tasks = frozenset({Task.REGRESSION})
    extra_module = "scipy"

    @classmethod
    def default(cls, shape: Shape) -> Params:
        return {"alpha": 1e-3}

    @classmethod
    def portfolio(cls, shape: Shape) -> Sequence[Params]:
        return [cls.default(shape), {"alpha": 1e-3, "target": LOG}]

    @classmethod
    def space(cls, shape: Shape) -> Mapping[str, AnyDistribution]:
        return {"alpha": LogUniform(min_value=math.log(1e-6), max_value=math.log(10)),
                "target": Choice(values=[IDENTITY, LOG])}  # fmt: skip

    @classmethod
    def memory_bytes(cls, shape: Shape, params: Params) -> int:
        return super().memory_bytes(shape, params) + 24 * min(shape.features, _MOST_FEATURES) ** 2

    @classmethod
    def seconds(cls, shape: Shape, params: Params, threads: int) -> float:
        side = min(shape.features, _MOST_FEATURES)
        return 0.02 + values_of(shape) * side * 1e-10 + side**3 * 1e-10

    def _fit(self, train: Part, watch: Part | None, means: Means) -> None:
        kind = LOG if wants_logarithm(means.metric) else str(self.params.get("target", IDENTITY))
        self._form = TargetForm.of(kind, train.target, scaled=True)
        own = weights_of(train.weight, len(train.target))
        coefficients, intercept = solved(train.design.matrix, self._form.forward(train.target), own,
                                         float(self.params.get("alpha", 1e-3)))  # fmt: skip
        self._keep(coefficients, intercept)
        if not wants_logarithm(means.metric):
            self._form = self._form.smeared(train.target, self.scores(train.design.matrix))


def solved(matrix: Any, target: np.ndarray, own: np.ndarray, alpha: float) -> tuple[np.ndarray, float]:
    """Coefficients and intercept of least `sum(own * (target - prediction)^2) + alpha * |coefficients|^2`."""
    centres = np.asarray(own @ matrix, dtype=np.float64).ravel()
    middle = float(own @ target)
    features = matrix.shape[1]
    if features <= _MOST_FEATURES:
        whole = sparse.issparse(matrix)
        weighted = matrix.multiply(own[:, None]).tocsr() if whole else matrix * own[:, None]
        product = matrix.T @ weighted
        system = np.asarray(product.toarray() if whole else product, dtype=np.float64) - np.outer(centres, centres)
        side = np.asarray(matrix.T @ (own * target), dtype=np.float64) - centres * middle
        found = np.linalg.lstsq(system + alpha * np.eye(features), side, rcond=None)[0]
    else:
        root = np.sqrt(own)
        operator = linalg.LinearOperator(
            matrix.shape,
            matvec=lambda values: root * (matrix @ values - centres @ values),
            rmatvec=lambda values: matrix.T @ (root * values) - centres * (root @ values),
            dtype=np.float64,
        )
        found = linalg.lsqr(operator, root * (target - middle), damp=math.sqrt(alpha), iter_lim=200)[0]
    return found, middle - float(centres @ found)
