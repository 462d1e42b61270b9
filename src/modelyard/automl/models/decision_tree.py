"""One tree, small enough to be read."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from modelyard.automl.models.forest import Forest
from modelyard.automl.models.tabular_model import Params, Part, Shape
from modelyard.domain.extras import LazyModule
from modelyard.domain.search_space import AnyDistribution, Choice, QLogUniform, QUniform

tree: Any = LazyModule("sklearn.tree", extra="automl", what="DecisionTree")


class DecisionTree(Forest):
    """scikit-learn's `criterion`, `max_depth`, `min_samples_leaf`, `ccp_alpha`."""

    name = "DecisionTree"
    aliases = ("DecisionTreeClassifier", "DecisionTreeRegressor")

    _pull = 5.0

    @classmethod
    def default(cls, shape: Shape) -> Params:
        return {"trees": 1, "max_depth": 8, "min_samples_leaf": max(5, round(shape.rows**0.5 / 4))}

    @classmethod
    def portfolio(cls, shape: Shape) -> Sequence[Params]:
        return [cls.default(shape)]

    @classmethod
    def space(cls, shape: Shape) -> Mapping[str, AnyDistribution]:
        criteria = ["gini", "entropy"] if shape.task.is_classification else ["squared_error"]
        return {
            "max_depth": QUniform(min_value=2, max_value=20, q=1),
            "min_samples_leaf": QLogUniform(min_value=0.0, max_value=math.log(200), q=1),
            "criterion": Choice(values=criteria),
        }

    @classmethod
    def _nanoseconds(cls) -> float:
        return 12.0

    def _learner(self, **settings: Any) -> Any:
        own = {key: settings[key] for key in settings if key not in ("n_estimators", "warm_start", "n_jobs")}
        if self.task.is_classification:
            return tree.DecisionTreeClassifier(**own)
        return tree.DecisionTreeRegressor(**own)

    def _grow(self, learner: Any, train: Part, target: Any, means: Any) -> list[Any]:
        learner.fit(train.design.matrix, target, sample_weight=train.weight)
        return [learner]
