"""Which past values tell of the next: given, or by partial autocorrelation."""

from __future__ import annotations

import numpy as np

from modelyard.automl.forecast.decomposition import seasonal_part
from modelyard.automl.forecast.frequency import usual_seasons
from modelyard.automl.forecast.panel import Panel
from modelyard.automl.forecast.seasons import autocorrelation
from modelyard.automl.plan.settings import Forecasting
from modelyard.domain.errors import InvalidInput

MOST_LAG = 60
MOST_ASKED = 100


def partial_autocorrelation(values: np.ndarray, lags: int) -> np.ndarray:
    """At lags 1..lags, by the recursion of Durbin and Levinson."""
    acf = autocorrelation(values, lags)
    found = np.zeros(lags)
    phi = np.zeros(0)
    for lag in range(1, lags + 1):
        rest = 1 - float(phi @ acf[1:lag])
        value = (acf[lag] - float(phi @ acf[lag - 1 : 0 : -1])) / rest if abs(rest) > 1e-12 else 0.0
        phi = np.concatenate([phi - value * phi[::-1], [value]])
        found[lag - 1] = value
    return found


def significant_lags(panel: Panel) -> tuple[int, ...]:
    """Azure ML's `auto`: lags up to two seasons whose partial autocorrelation, without the season, passes
    1.96 / sqrt(longest lag), in at least a third of the series; never empty."""
    cycle = panel.season if panel.season > 1 else next(iter(usual_seasons(panel.frequency)), 3)
    most = min(MOST_LAG, max(2 * cycle, 6))
    votes = np.zeros(most)
    asked = panel.series[:: max(1, len(panel) // MOST_ASKED)]
    able = 0
    for one in asked:
        lags = min(most, len(one) // 2 - 1)
        if lags < 1:
            continue
        values = one.target
        if panel.season > 1 and len(values) >= 2 * panel.season:
            values = values - seasonal_part(values, panel.season, 0)[0]
        able += 1
        votes[:lags] += np.abs(partial_autocorrelation(values, lags)) > 1.96 / np.sqrt(lags)
    chosen = tuple(int(lag) + 1 for lag in np.flatnonzero(votes >= max(1, able / 3)))
    return chosen or (1,)


def chosen_lags(asked: Forecasting, panel: Panel) -> tuple[int, ...]:
    """Lag 1 is the last value before the origin."""
    lags = asked.target_lags
    if lags == "auto":
        return significant_lags(panel)
    if lags:
        given = {lags} if isinstance(lags, int | str) else set(lags)
        if any(not isinstance(lag, int) or lag < 1 for lag in given):
            raise InvalidInput("Lags are whole numbers from 1, or auto.", field="forecasting.target_lags")
        return tuple(sorted(int(lag) for lag in given))
    season = panel.season
    recent = range(1, min(max(season, 6), 24) + 1)
    seasonal = [season * years for years in (1, 2, 3)] if season > 1 else []
    return tuple(sorted({*recent, *seasonal}))


def chosen_windows(asked: Forecasting, panel: Panel) -> tuple[int, ...]:
    """Lengths of rolling windows."""
    size = asked.rolling_window
    if isinstance(size, int):
        if size < 2:
            raise InvalidInput(
                "A rolling window has at least 2 points.", field="forecasting.target_rolling_window_size"
            )
        return (size,)
    if size == "auto":
        return (max(2, max(significant_lags(panel))),)
    season = panel.season
    return (3, season, 2 * season) if season > 3 else (3, 6, 12)
