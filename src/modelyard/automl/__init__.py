"""AutoML: the best tabular and forecasting models for a budget.

As a library, without a server: `automl.fit(table, target="income", timeout_minutes=1)`. As a job:
`automl.classification(...)`. Names are imported when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelyard.automl.engine import fit as fit
    from modelyard.automl.forecast.predictor import ForecastPredictor as ForecastPredictor
    from modelyard.automl.groups.fit_many import fit_many as fit_many
    from modelyard.automl.groups.groups_predictor import GroupsPredictor as GroupsPredictor
    from modelyard.automl.jobs import classification as classification
    from modelyard.automl.jobs import forecasting as forecasting
    from modelyard.automl.jobs import regression as regression
    from modelyard.automl.outcome.predictor import Predictor as Predictor

_HOMES = {
    "fit": "modelyard.automl.engine",
    "fit_many": "modelyard.automl.groups.fit_many",
    "Predictor": "modelyard.automl.outcome.predictor",
    "ForecastPredictor": "modelyard.automl.forecast.predictor",
    "GroupsPredictor": "modelyard.automl.groups.groups_predictor",
    **dict.fromkeys(["classification", "regression", "forecasting"], "modelyard.automl.jobs"),
    **dict.fromkeys(["ClassificationJob", "ForecastingJob", "RegressionJob"], "modelyard.kinds.automl"),
    **dict.fromkeys(
        [
            "ColumnTransformer",
            "ClassificationTrainingSettings",
            "ForecastingSettings",
            "ForecastingTrainingSettings",
            "RegressionTrainingSettings",
            "SelectionSettings",
            "StackEnsembleSettings",
            "TabularFeaturizationSettings",
            "TabularLimitSettings",
            "TrainingSettings",
        ],
        "modelyard.domain.automl",
    ),
    **dict.fromkeys(
        [
            "BlockedTransformers",
            "ClassificationModels",
            "ClassificationPrimaryMetrics",
            "FeatureLags",
            "FeaturizationMode",
            "ForecastHorizonMode",
            "ForecastingModels",
            "ForecastingPrimaryMetrics",
            "LogVerbosity",
            "NCrossValidationsMode",
            "RegressionModels",
            "RegressionPrimaryMetrics",
            "ShortSeriesHandlingConfiguration",
            "StackMetaLearnerType",
            "TabularTrainingMode",
            "TargetAggregationFunction",
            "TargetLagsMode",
            "TargetRollingWindowSizeMode",
            "UseStl",
        ],
        "modelyard.domain.automl_choices",
    ),
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'modelyard.automl' has no attribute '{name}'")
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
