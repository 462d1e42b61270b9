"""Small finished models over a table of mixed columns, made as the engine makes them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from modelyard.automl.ensemble.combiner import WeightedMean
from modelyard.automl.ensemble.fitted_ensemble import FittedEnsemble, Member
from modelyard.automl.featurize.design import View
from modelyard.automl.featurize.feature_plan import FeaturePlan
from modelyard.automl.featurize.featurizer import Featurizer
from modelyard.automl.models.lightgbm import LightGBMModel
from modelyard.automl.models.tabular_model import Means, Part
from modelyard.automl.outcome.fitted_model import FittedModel
from modelyard.automl.outcome.input_table import InputTable, columns_of_frame
from modelyard.automl.outcome.predictor import Predictor
from modelyard.automl.outcome.search_record import SearchRecord
from modelyard.automl.plan.settings import Featurization
from modelyard.automl.task import Task
from modelyard.automl.trial import TrialResult, TrialStatus

CLASSES: dict[Task, tuple[Any, ...]] = {
    Task.BINARY: ("no", "yes"),
    Task.MULTICLASS: ("high", "low", "middle"),
    Task.REGRESSION: (),
}
METRICS = {Task.BINARY: "auc_weighted", Task.MULTICLASS: "log_loss", Task.REGRESSION: "root_mean_squared_error"}


def mixed_table(rows: int = 300, seed: int = 0) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    town = draw.choice(["Lyon", "Nice", "Metz"], rows)
    income = np.round(draw.lognormal(3, 0.5, rows), 2)
    income[draw.random(rows) < 0.1] = np.nan
    age = draw.integers(18, 80, rows)
    signal = np.nan_to_num(income, nan=20) / 20 + (town == "Lyon") + (age > 50) + draw.normal(size=rows) * 0.2
    return pd.DataFrame({"age": age, "income": income, "town": town, "signal": signal})


def fitted(task: Task, frame: pd.DataFrame | None = None) -> FittedModel:
    """Two members of LightGBM, one of them of two folds."""
    table = mixed_table() if frame is None else frame
    signal = table.pop("signal").to_numpy()
    target = {
        Task.BINARY: (signal > 2).astype(np.int64),
        Task.MULTICLASS: np.digitize(signal, [1.5, 2.5]),
        Task.REGRESSION: signal,
    }[task]
    columns = columns_of_frame(table)
    plan = FeaturePlan.make(table, target, task, Featurization())
    featurizer = Featurizer(plan, View.TREE)
    design = featurizer.fit_transform(InputTable.of(table, columns).arrays, target, 0)
    classes = max(1, len(CLASSES[task]))
    params = {"trees": 15, "num_leaves": 7, "learning_rate": 0.2, "bagging_fraction": 0.7, "bagging_freq": 1}
    models = [
        LightGBMModel(task, classes, params).fit(Part(design, target), None, Means(seed=seed)) for seed in range(3)
    ]
    members = [Member.of(models[0]), Member.of(*models[1:])]
    ensemble = FittedEnsemble(task, classes, members, WeightedMean([0.6, 0.4]))
    return FittedModel(task, columns, CLASSES[task], {str(View.TREE): featurizer}, ensemble)


def predictor_of(model: FittedModel) -> Predictor:
    trials = (TrialResult(1, "LightGBM", {"trees": 15}, TrialStatus.COMPLETED, score=0.9, row_milliseconds=0.1),)
    record = SearchRecord("signal", METRICS[model.task], trials, winner=1, metrics={"validation": {"accuracy": 0.9}})
    return Predictor(model, record)


@pytest.fixture(scope="package")
def models() -> dict[Task, FittedModel]:
    return {task: fitted(task) for task in CLASSES}


@pytest.fixture(scope="package")
def table() -> pd.DataFrame:
    return mixed_table(60, seed=1).drop(columns=["signal"])
