"""Whether series have a season, and of how many points."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from modelyard.automl.forecast.decomposition import moving_average
from modelyard.automl.forecast.frequency import usual_seasons
from modelyard.automl.forecast.panel import Series

ENOUGH = 0.2
"""Of the series that are long enough, for a season to be believed."""
MOST_ASKED = 60
"""Series looked at."""
SIGNIFICANCE = 1.645
"""Of the normal distribution, 90 % two-sided: the test of the M4 competition's benchmarks."""


def autocorrelation(values: np.ndarray, lags: int) -> np.ndarray:
    """At lags 0..lags."""
    centred = values - values.mean()
    variance = float(centred @ centred)
    if variance <= 0:
        return np.zeros(lags + 1)
    return np.array([1.0] + [float(centred[lag:] @ centred[:-lag]) / variance for lag in range(1, lags + 1)])


def is_seasonal(values: np.ndarray, season: int) -> bool:
    """The autocorrelation at the season, of the series without its trend, is more than chance."""
    if season < 2 or len(values) < 3 * season:
        return False
    values = _trendless(values, season)
    found = autocorrelation(values, season)
    limit = SIGNIFICANCE * np.sqrt((1 + 2 * float((found[1:season] ** 2).sum())) / len(values))
    return bool(found[season] > limit)


def strength(values: np.ndarray, season: int) -> float:
    """Share of the variance without trend that the mean of each phase explains, less what chance explains."""
    if len(values) < 3 * season:
        return 0.0
    rest = _trendless(values, season)
    total = float(((rest - rest.mean()) ** 2).sum())
    if total <= 0:
        return 0.0
    phase = np.arange(len(rest)) % season
    means = np.bincount(phase, rest, season) / np.bincount(phase, minlength=season)
    return 1 - float(((rest - means[phase]) ** 2).sum()) / total - season / len(rest)


def _trendless(values: np.ndarray, season: int) -> np.ndarray:
    """Without the mean of a season around each point: differences would drown a season in noise."""
    recent = values[-20 * season :]
    return np.asarray(recent - moving_average(recent, season))


def season_of(series: Sequence[Series], frequency: str) -> int:
    """Points of the season that most series show; 1 where there is none."""
    longest = sorted(series, key=len, reverse=True)[: 4 * MOST_ASKED]
    asked = longest[:: max(1, len(longest) // MOST_ASKED)]
    best, best_strength = 1, 0.0
    for season in usual_seasons(frequency):
        able = [one.target for one in asked if len(one) >= 3 * season]
        if not able or np.mean([is_seasonal(values, season) for values in able]) < ENOUGH:
            continue
        found = float(np.mean([strength(values, season) for values in able]))
        if found > best_strength + 0.02:
            best, best_strength = season, found
    return best
