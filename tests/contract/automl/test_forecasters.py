"""Every forecaster keeps the promise of `Forecaster`; a new file is under test at once."""

from __future__ import annotations

from typing import Any

import pytest

from modelyard.automl.forecast.candidates import forecasters
from modelyard.automl.forecast.forecaster import Forecaster, PanelShape, Params
from modelyard.testing.forecaster_suite import HORIZON, ForecasterSuite

SHAPE = PanelShape(series=3, points=180, shortest=36, horizon=HORIZON, season=12, known_columns=1, smallest=50.0)
# Compiled for twenty seconds where no cache of the compiler is left by an earlier run.
SLOW = {"CES"}
# Few of them are as good a proof as many.
TREES = {"LightGBM", "CatBoost", "XGBoostRegressor", "GradientBoosting", "RandomForest", "ExtremeRandomTrees"}


def _every() -> list[Any]:
    found = []
    for name, kind in forecasters().items():
        marks = [pytest.mark.slow] if name in SLOW else []
        for number, params in enumerate(kind.portfolio(SHAPE)):
            few = {**params, "model": {**params.get("model", {}), "trees": 20}} if name in TREES else params
            found.append(pytest.param((kind, few), id=f"{name}-{number}", marks=marks))
    return found


@pytest.fixture(scope="class", params=_every())
def configured(request: pytest.FixtureRequest) -> tuple[type[Forecaster], Params]:
    found: tuple[type[Forecaster], Params] = request.param
    return found


@pytest.fixture(scope="class")
def kind(configured: tuple[type[Forecaster], Params]) -> type[Forecaster]:
    return configured[0]


@pytest.fixture(scope="class")
def params(configured: tuple[type[Forecaster], Params]) -> Params:
    return configured[1]


class TestForecasters(ForecasterSuite):
    pass
