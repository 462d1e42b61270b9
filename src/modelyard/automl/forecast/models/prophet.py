from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from modelyard.automl.forecast.calendar import holiday_features
from modelyard.automl.forecast.forecaster import PanelShape, Params
from modelyard.automl.forecast.frequency import DAY_SECONDS, steps_after
from modelyard.automl.forecast.local_forecaster import LocalForecaster, Path
from modelyard.automl.forecast.panel import Series

CHANGE_POINTS = 25
REACH = 0.8
"""Share of the history in which the trend may bend."""
PENALTIES = (0.1, 3.0, 100.0)
"""Of the trend's bends, tried on the last part of the series."""
SEASON_PENALTY = 0.1
DAMPING = 0.97
"""Of the trend's slope, a step beyond the history."""


class ProphetForecaster(LocalForecaster):
    """A decomposition as Prophet's (Taylor and Letham 2018), not that library: a trend of many bends, Fourier terms of
    the year, week and day, holidays and known columns, by one ridge regression. `scale`: `log` takes positive series
    by their logarithm, for seasons that grow with the level."""

    name = "Prophet"
    aliases = ("Decomposition",)
    uses_known = True
    series_seconds = 0.012

    @classmethod
    def unsuited(cls, shape: PanelShape) -> str | None:
        return "the series are too short" if shape.shortest < 12 else None

    @classmethod
    def portfolio(cls, shape: PanelShape) -> Sequence[Params]:
        # A known column's effect adds to a forecast; to a logarithm it would not.
        logarithm = shape.smallest > 0 and not shape.known_columns
        return [{}, {"scale": "log"}] if logarithm else [{}]

    def path(self, one: Series, season: int, steps: int, form: Any) -> Path:
        if self.params.get("scale") == "log" and one.target.min() > 0 and not one.known.size:
            found = self._additive(replace(one, target=np.log(one.target)), season, steps, form)
            return replace(found, values=np.exp(found.values))
        return self._additive(one, season, steps, form)

    def _additive(self, one: Series, season: int, steps: int, form: Any) -> Path:
        count = len(one)
        centre, spread = float(one.target.mean()), float(one.target.std())
        told = (one.target - centre) / spread
        times = np.arange(count + steps, dtype=float)
        moments = np.concatenate([one.times, steps_after(one.times[-1], self._frequency, steps)])
        days = holiday_features(moments, self._frequency, self._country)
        waves = np.concatenate([fourier(one.times, steps, season), days], axis=1)
        known = one.known - one.known.mean(axis=0) if one.known.size else one.known
        scale = np.maximum(known.std(axis=0), 1e-9) if known.size else np.ones(known.shape[1])
        penalty = form if form is not None else self._penalty(told, waves, known / scale, times, steps)
        weights, bends = ridge(told, waves[:count], known / scale, times[:count], penalty)
        columns = known.shape[1]
        trend = weights[0] + damped_trend(weights[1 : 2 + len(bends)], bends, times, count)
        middle = trend + waves @ weights[2 + len(bends) : len(weights) - columns]
        effects = weights[len(weights) - columns :] / scale if columns else np.zeros(0)
        base = float(one.known.mean(axis=0) @ effects) if columns else 0.0
        # The level of the last points: a ridge forgets it, a forecast must not.
        fitted = middle[:count] + known @ effects
        recent = min(count, max(3, season // 2))
        middle += float((told - fitted)[-recent:].mean())
        values = centre + spread * (middle[count:] - base)
        return Path(values, penalty, spread * effects if columns else None)

    def _penalty(self, told: np.ndarray, waves: np.ndarray, known: np.ndarray, times: np.ndarray, steps: int) -> float:
        held = min(max(steps, 3), len(told) // 4)
        past = len(told) - held
        losses = []
        for penalty in PENALTIES:
            weights, bends = ridge(told[:past], waves[:past], known[:past], times[:past], penalty)
            trend = weights[0] + damped_trend(weights[1 : 2 + len(bends)], bends, times[: past + held], past)
            rest = np.concatenate([waves[: past + held], known[: past + held]], axis=1) @ weights[2 + len(bends) :]
            losses.append(float(np.abs(told[past:] - (trend + rest)[past:]).mean()))
        return PENALTIES[int(np.argmin(losses))]


def fourier(times: np.ndarray, steps: int, season: int) -> np.ndarray:
    """(points and steps, terms): of the season in points; of week and year too where the data are daily or finer."""
    places = np.arange(len(times) + steps, dtype=float)
    step_days = (
        float((times[-1] - times[0]).astype("timedelta64[s]").astype(float)) / max(1, len(times) - 1) / DAY_SECONDS
    )
    periods = {float(season): min(season // 2, 10)} if season > 1 else {}
    if step_days < 1.5:
        periods.setdefault(7 / step_days, 3)
    if step_days < 20 and len(times) * step_days > 730:
        periods.setdefault(365.25 / step_days, 6)
    terms = [
        wave(2 * np.pi * order * places / period)
        for period, orders in periods.items()
        for order in range(1, orders + 1)
        for wave in (np.sin, np.cos)
        if order * 2 <= period
    ]
    return np.stack(terms, axis=1) if terms else np.empty((len(places), 0))


def ridge(
    told: np.ndarray, waves: np.ndarray, known: np.ndarray, times: np.ndarray, penalty: float
) -> tuple[np.ndarray, np.ndarray]:
    """Weights of: level, slope, bends, waves, known columns; and where the bends are."""
    count = len(told)
    bends = np.unique(np.linspace(1, REACH * count, min(CHANGE_POINTS, max(1, count // 4))).astype(int))
    hinges = np.maximum(0.0, times[:, None] - bends) / count
    design = np.concatenate([np.ones((count, 1)), times[:, None] / count, hinges, waves, known], axis=1)
    penalties = np.concatenate(
        [[1e-8, 1e-6], np.full(len(bends), penalty), np.full(waves.shape[1] + known.shape[1], SEASON_PENALTY)]
    )
    weights = np.linalg.solve(design.T @ design + np.diag(penalties), design.T @ told)
    weights[1 : 2 + len(bends)] /= count
    return weights, bends


def damped_trend(slopes: np.ndarray, bends: np.ndarray, times: np.ndarray, count: int) -> np.ndarray:
    """The trend from its slope and bends; its last slope fades beyond the history."""
    trend = slopes[0] * times + np.maximum(0.0, times[:, None] - bends) @ slopes[1:]
    last, ahead = float(slopes.sum()), np.arange(1, len(times) - count + 1)
    trend[count:] = trend[count - 1] + last * np.cumsum(DAMPING**ahead)
    return np.asarray(trend)
