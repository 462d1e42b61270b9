"""Charts of a forecaster: what it forecast in its backtests beside what came, and its errors."""

from __future__ import annotations

from typing import Any

import numpy as np

from modelyard.automl.forecast.intervals import ErrorQuantiles
from modelyard.automl.forecast.metrics import Truth
from modelyard.automl.forecast.panel import Panel
from modelyard.automl.outcome.charts import charts as drawn
from modelyard.automl.task import Task

SHOWN_SERIES = 4
HISTORY = 3
"""Horizons of history before the first origin that are shown."""


def forecast_charts(
    judged: Panel, cuts: tuple[int, ...], truth: Truth, forecasts: np.ndarray, errors: ErrorQuantiles
) -> dict[str, Any]:
    """By name: `forecast` (some series, with an interval), `predicted_true` and `residuals` of all. `errors` is of the
    judged series; `forecasts` (windows, series, horizon)."""
    present = ~np.isnan(truth.actual)
    found: dict[str, Any] = {}
    if present.any():
        found = drawn.charts(Task.REGRESSION, truth.actual[present], forecasts[present])
    shown = np.unique(np.linspace(0, len(judged) - 1, min(SHOWN_SERIES, len(judged))).astype(int))
    bands = [errors.around(window, [0.1, 0.9]) for window in forecasts]
    found["forecast"] = drawn.forecast_chart([_series(judged, int(n), cuts, forecasts, bands) for n in shown])
    return found


def _series(
    judged: Panel, number: int, cuts: tuple[int, ...], forecasts: np.ndarray, bands: list[np.ndarray]
) -> dict[str, Any]:
    one, horizon = judged.series[number], forecasts.shape[2]
    begin = max(0, len(one) - max(cuts) - HISTORY * horizon)
    told, low, high = (np.full(len(one) - begin, np.nan) for _ in range(3))
    for window, cut in enumerate(cuts):
        first = len(one) - cut - begin
        if first < 0:
            continue
        steps = min(horizon, len(told) - first)
        told[first : first + steps] = forecasts[window, number, :steps]
        low[first : first + steps] = bands[window][0, number, :steps]
        high[first : first + steps] = bands[window][1, number, :steps]
    return {
        "name": " ".join(map(str, one.key)) or "the series",
        "times": [str(np.datetime_as_string(moment, unit="s")) for moment in one.times[begin:]],
        "true": one.target[begin:].tolist(),
        "predicted": _plain(told),
        "intervals": {"0.1": _plain(low), "0.9": _plain(high)},
    }


def _plain(values: np.ndarray) -> list[float | None]:
    return [float(value) if np.isfinite(value) else None for value in values]
