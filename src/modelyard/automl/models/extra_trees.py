"""Extremely randomised trees (Geurts et al. 2006)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from modelyard.automl.models.forest import Forest
from modelyard.automl.models.tabular_model import Params, Shape
from modelyard.automl.task import Task
from modelyard.domain.extras import LazyModule

ensemble: Any = LazyModule("sklearn.ensemble", extra="automl", what="ExtremeRandomTrees")


class ExtraTrees(Forest):
    __doc__ = Forest.__doc__
    name = "ExtremeRandomTrees"
    aliases = ("ExtraTrees", "ExtraTreesClassifier", "ExtraTreesRegressor", "XT")

    @classmethod
    def portfolio(cls, shape: Shape) -> Sequence[Params]:
        base = dict(cls.default(shape))
        if shape.task is Task.REGRESSION:
            return [base]
        # Thresholds drawn at random want more features to choose from than searched ones do.
        return [{**base, "criterion": "entropy", "max_features": min(1.0, 2 * base["max_features"])}]

    @classmethod
    def _nanoseconds(cls) -> float:
        return 5.0

    def _learner(self, **settings: Any) -> Any:
        if self.task.is_classification:
            return ensemble.ExtraTreesClassifier(**settings)
        return ensemble.ExtraTreesRegressor(**settings)
