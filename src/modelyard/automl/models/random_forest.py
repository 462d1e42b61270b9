"""Random forests (Breiman 2001)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from modelyard.automl.models.forest import Forest
from modelyard.automl.models.tabular_model import Params, Shape
from modelyard.automl.task import Task
from modelyard.domain.extras import LazyModule

ensemble: Any = LazyModule("sklearn.ensemble", extra="automl", what="RandomForest")


class RandomForest(Forest):
    __doc__ = Forest.__doc__
    name = "RandomForest"
    aliases = ("RandomForestClassifier", "RandomForestRegressor", "RF")

    @classmethod
    def portfolio(cls, shape: Shape) -> Sequence[Params]:
        base = dict(cls.default(shape))
        if shape.task is Task.REGRESSION:
            return [{**base, "max_features": 0.5}, base]
        return [{**base, "criterion": "entropy"}, {**base, "max_features": 0.7, "min_samples_leaf": 10}]

    @classmethod
    def _nanoseconds(cls) -> float:
        return 12.0

    def _learner(self, **settings: Any) -> Any:
        if self.task.is_classification:
            return ensemble.RandomForestClassifier(**settings)
        return ensemble.RandomForestRegressor(**settings)
