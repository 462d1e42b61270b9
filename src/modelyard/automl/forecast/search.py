"""The flow of a search over series: read, backtest candidates from rolling origins, combine, refit."""

from __future__ import annotations

from typing import Any

from modelyard.automl.forecast.predictor import ForecastPredictor
from modelyard.automl.plan.settings import Settings
from modelyard.automl.trial import Listener


def fit_forecast(frame: Any, settings: Settings, listener: Listener, *, test: Any = None) -> ForecastPredictor:
    """The best forecaster of the frame (long form: one row a series and a time) within the walls of the settings.

    Raises:
        InvalidInput: the frame or the settings do not fit, found before any training.
    """
    raise NotImplementedError
