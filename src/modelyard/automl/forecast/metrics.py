"""Scores of forecasts. Arrays are (windows, series, horizon); NaN where a series has no such window.

Azure ML's metrics of forecasting are taken per series, normalised by the range of the series, then averaged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from modelyard.automl.forecast.panel import Panel
from modelyard.automl.validate.metrics import canonical_name
from modelyard.domain.errors import InvalidInput


@dataclass(frozen=True)
class Truth:
    """What came, and the scales to judge errors by."""

    actual: np.ndarray
    """(windows, series, horizon)."""
    ranges: np.ndarray
    """(series,): highest less lowest of the whole history; 1 for a constant one."""
    scales: np.ndarray
    """(windows, series): mean absolute seasonal difference before the origin; NaN where it is nought."""

    def window(self, chosen: slice) -> Truth:
        return Truth(self.actual[chosen], self.ranges, self.scales[chosen])


@dataclass(frozen=True)
class ForecastMetric:
    name: str
    greater_is_better: bool
    score: Callable[[Truth, np.ndarray], float]


def truth_of(panel: Panel, cuts: tuple[int, ...], horizon: int, least: int = 3) -> Truth:
    """`cuts`: points held back at each origin; a series with fewer than `least` points before one sits it out."""
    actual = np.full((len(cuts), len(panel), horizon), np.nan)
    scales = np.full((len(cuts), len(panel)), np.nan)
    for number, one in enumerate(panel.series):
        for window, cut in enumerate(cuts):
            end = len(one) - cut
            if end < least:
                continue
            come = one.target[end : end + horizon]
            actual[window, number, : len(come)] = come
            scales[window, number] = seasonal_scale(one.target[:end], panel.season)
    ranges = np.array([float(np.ptp(one.target)) or 1.0 for one in panel.series])
    return Truth(actual, ranges, scales)


def seasonal_scale(history: np.ndarray, season: int) -> float:
    """The denominator of MASE (Hyndman and Koehler 2006); of single steps where the history is within a season."""
    lag = season if len(history) > season else 1
    if len(history) <= lag:
        return float("nan")
    found = float(np.abs(history[lag:] - history[:-lag]).mean())
    return found if found > 0 else float("nan")


def _mean(values: np.ndarray) -> float:
    kept = values[np.isfinite(values)]
    return float(kept.mean()) if len(kept) else float("nan")


def _per_series(errors: np.ndarray) -> np.ndarray:
    """(series,): mean over windows and steps."""
    present = ~np.isnan(errors)
    sums = np.where(present, errors, 0.0).sum(axis=(0, 2))
    counts = present.sum(axis=(0, 2))
    return np.asarray(np.where(counts > 0, sums / np.maximum(1, counts), np.nan))


def _nrmse(truth: Truth, forecast: np.ndarray) -> float:
    return _mean(np.sqrt(_per_series((truth.actual - forecast) ** 2)) / truth.ranges)


def _nmae(truth: Truth, forecast: np.ndarray) -> float:
    return _mean(_per_series(np.abs(truth.actual - forecast)) / truth.ranges)


def _mase(truth: Truth, forecast: np.ndarray) -> float:
    return _mean(_per_series(np.abs(truth.actual - forecast) / truth.scales[:, :, None]))


def _smape(truth: Truth, forecast: np.ndarray) -> float:
    size = np.abs(truth.actual) + np.abs(forecast)
    ratio = np.where(size > 0, 2 * np.abs(truth.actual - forecast) / np.where(size > 0, size, 1), 0.0)
    return 100 * _mean(_per_series(np.where(np.isnan(truth.actual), np.nan, ratio)))


def _wape(truth: Truth, forecast: np.ndarray) -> float:
    total = float(np.nansum(np.abs(truth.actual)))
    return float(np.nansum(np.abs(truth.actual - forecast))) / total if total > 0 else float("nan")


def _rmse(truth: Truth, forecast: np.ndarray) -> float:
    return float(np.sqrt(np.nanmean((truth.actual - forecast) ** 2)))


def _mae(truth: Truth, forecast: np.ndarray) -> float:
    return float(np.nanmean(np.abs(truth.actual - forecast)))


def _pairs(truth: Truth, forecast: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    present = ~np.isnan(truth.actual)
    return truth.actual[present], forecast[present]


def _r2(truth: Truth, forecast: np.ndarray) -> float:
    actual, predicted = _pairs(truth, forecast)
    spread = float(((actual - actual.mean()) ** 2).sum())
    return 1 - float(((actual - predicted) ** 2).sum()) / spread if spread > 0 else 0.0


def _spearman(truth: Truth, forecast: np.ndarray) -> float:
    actual, predicted = (_ranks(values) for values in _pairs(truth, forecast))
    if actual.std() == 0 or predicted.std() == 0:
        return 0.0
    return float(np.corrcoef(actual, predicted)[0, 1])


def _ranks(values: np.ndarray) -> np.ndarray:
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[places], dtype=float)


METRICS: Mapping[str, ForecastMetric] = MappingProxyType(
    {
        name: ForecastMetric(name, greater, score)
        for name, greater, score in (
            ("normalized_root_mean_squared_error", False, _nrmse),
            ("normalized_mean_absolute_error", False, _nmae),
            ("r2_score", True, _r2),
            ("spearman_correlation", True, _spearman),
            ("mase", False, _mase),
            ("smape", False, _smape),
            ("wape", False, _wape),
            ("root_mean_squared_error", False, _rmse),
            ("mean_absolute_error", False, _mae),
        )
    }
)
ALIASES = {"rmse": "root_mean_squared_error", "mae": "mean_absolute_error"}
DEFAULT = "normalized_root_mean_squared_error"


def metric(name: str | None) -> ForecastMetric:
    """
    Raises:
        InvalidInput: it is no metric of forecasts.
    """
    known = canonical_name(name) if name else DEFAULT
    found = METRICS.get(ALIASES.get(known, known))
    if found is None:
        raise InvalidInput(
            f"'{name}' is no metric of forecasting.", field="primary_metric", mend=f"One of: {', '.join(METRICS)}."
        )
    return found


def all_metrics(truth: Truth, forecast: np.ndarray) -> dict[str, float]:
    """Every metric that is a finite number on these forecasts."""
    found = {name: one.score(truth, forecast) for name, one in METRICS.items()}
    return {name: value for name, value in found.items() if np.isfinite(value)}


def pinball(truth: Truth, forecast: np.ndarray, quantile: float) -> float:
    """Mean quantile loss, each series divided by its range."""
    errors = truth.actual - forecast
    return _mean(_per_series(np.maximum(quantile * errors, (quantile - 1) * errors)) / truth.ranges)
