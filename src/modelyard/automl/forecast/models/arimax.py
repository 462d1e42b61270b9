from __future__ import annotations

from typing import Any

import numpy as np

from modelyard.automl.forecast.forecaster import PanelShape
from modelyard.automl.forecast.local_forecaster import LocalForecaster, Path
from modelyard.automl.forecast.models.auto_arima import arima, order
from modelyard.automl.forecast.panel import Series

SHRINKAGE = 1.0
"""Of the ridge, in units of one observation of a standardised column."""


class ArimaxForecaster(LocalForecaster):
    """Regression on the known columns with ARIMA errors, in two steps: ridge on differences, ARIMA on the rest."""

    name = "Arimax"
    aliases = ("ARIMAX",)
    uses_known = True
    extra_module = "statsforecast"
    series_seconds = 0.35
    start_seconds = 0.1

    @classmethod
    def unsuited(cls, shape: PanelShape) -> str | None:
        if not shape.known_columns:
            return "no column is known of the future"
        return "the series are too short" if shape.shortest < 10 else None

    def path(self, one: Series, season: int, steps: int, form: Any) -> Path:
        if season > 24:
            season = 1
        coefficients = regression(one.target, one.known)
        rest = one.target - one.known @ coefficients
        fitted = arima(season, form).fit(rest)
        return Path(fitted.predict(steps)["mean"], form or order(fitted.model_), coefficients)


def regression(target: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """(columns,): ridge on first differences, so that a trend is not taken for an effect; none for what is still."""
    change, moves = np.diff(target), np.diff(columns, axis=0)
    spread = moves.std(axis=0)
    useful = spread > 1e-12
    found = np.zeros(columns.shape[1])
    if not useful.any() or len(change) < 3:
        return found
    scaled = (moves[:, useful] - moves[:, useful].mean(axis=0)) / spread[useful]
    weights = np.linalg.solve(
        scaled.T @ scaled + SHRINKAGE * np.eye(scaled.shape[1]), scaled.T @ (change - change.mean())
    )
    found[useful] = weights / spread[useful]
    return found
