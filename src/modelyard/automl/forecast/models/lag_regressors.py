"""The regressors of Azure ML's list, and CatBoost, on lagged values: one class for each, told apart by name alone."""

from __future__ import annotations

from collections.abc import Sequence

from modelyard.automl.forecast.forecaster import PanelShape, Params
from modelyard.automl.forecast.lag_forecaster import LagForecaster


class LightGBMForecaster(LagForecaster):
    name = "LightGBM"
    regressor = "LightGBM"
    extra_module = "lightgbm"

    @classmethod
    def portfolio(cls, shape: PanelShape) -> Sequence[Params]:
        # Tables of lags are noisy: smaller trees on parts of the features, and a rate that ends within seconds.
        model = {"learning_rate": 0.08, "num_leaves": 24, "feature_fraction": 0.6, "bagging_fraction": 0.8}
        anchor = "season" if shape.season > 1 else "last"
        return [
            {"strategy": "direct", "anchor": "level", "model": model},
            {"strategy": "direct", "anchor": anchor, "identity": False, "model": model},
            {"strategy": "direct", "anchor": "level", "identity": False, "model": model},
            {"strategy": "recursive", "anchor": "level", "model": model},
        ]


class XGBoostForecaster(LagForecaster):
    name = "XGBoostRegressor"
    aliases = ("XGBoost",)
    regressor = "XGBoostRegressor"
    extra_module = "xgboost"


class CatBoostForecaster(LagForecaster):
    name = "CatBoost"
    regressor = "CatBoost"
    extra_module = "catboost"
    row_microseconds = 250.0

    @classmethod
    def portfolio(cls, shape: PanelShape) -> Sequence[Params]:
        return [{"strategy": "direct", "anchor": "level", "model": {"learning_rate": 0.1, "depth": 5}}]


class RandomForestForecaster(LagForecaster):
    name = "RandomForest"
    regressor = "RandomForest"


class ExtremeRandomTreesForecaster(LagForecaster):
    name = "ExtremeRandomTrees"
    aliases = ("ExtraTrees",)
    regressor = "ExtremeRandomTrees"


class GradientBoostingForecaster(LagForecaster):
    name = "GradientBoosting"
    regressor = "GradientBoosting"


class DecisionTreeForecaster(LagForecaster):
    name = "DecisionTree"
    regressor = "DecisionTree"


class NeighboursForecaster(LagForecaster):
    name = "KNN"
    regressor = "KNN"


class ElasticNetForecaster(LagForecaster):
    name = "ElasticNet"
    regressor = "ElasticNet"

    @classmethod
    def portfolio(cls, shape: PanelShape) -> Sequence[Params]:
        anchor = "season" if shape.season > 1 else "last"
        return [{"strategy": "direct", "anchor": anchor}, {"strategy": "recursive", "anchor": "last"}]


class LassoLarsForecaster(LagForecaster):
    name = "LassoLars"
    regressor = "LassoLars"


class GradientDescentForecaster(LagForecaster):
    name = "SGD"
    regressor = "SGD"
