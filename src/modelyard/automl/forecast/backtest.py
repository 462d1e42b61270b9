"""Forecasts from past origins, judged by what came: how candidates are compared."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from modelyard.automl.forecast.forecaster import Forecaster, Params
from modelyard.automl.forecast.local_forecaster import LocalForecaster
from modelyard.automl.forecast.panel import Future, Panel
from modelyard.automl.models.tabular_model import Means
from modelyard.domain.errors import InvalidInput

MOST_WINDOWS = 8


@dataclass(frozen=True)
class Origins:
    horizon: int
    cuts: tuple[int, ...]
    """Points held back at each origin, the oldest origin first; the last is the horizon."""


@dataclass(frozen=True)
class Backtest:
    """What a candidate forecast from each origin."""

    forecasts: np.ndarray
    """(windows, series, horizon)."""
    forms: Mapping[str, Any] = field(default_factory=dict)
    """Choices made at the oldest origin."""
    seconds: float = 0.0
    first_seconds: float = 0.0
    """Of the first window, in which the forms were still chosen: about what a refit takes."""
    failures: int = 0


def plan_origins(lengths: Sequence[int], horizon: int, season: int, folds: int | None, step: int | None) -> Origins:
    """Rolling origins: as asked, else as many as the typical series can bear and few series need.

    Raises:
        InvalidInput: the horizon is longer than every series.
    """
    require_history(lengths, horizon)
    longest = max(lengths)
    typical = int(np.median(lengths))
    if folds is not None and horizon + (folds - 1) * (step or horizon) >= longest:
        raise InvalidInput(
            f"{folds} backtests of {horizon} steps do not fit a series of {longest} points.",
            field="n_cross_validations",
            mend="Fewer n_cross_validations, a smaller cv_step_size or a shorter horizon.",
        )
    wanted = folds or (3 if len(lengths) >= 30 else 4 if len(lengths) >= 8 else 6)
    stride = step or (horizon if typical >= (wanted + 2) * horizon + 2 * season else max(1, horizon // 2))
    kept = max(3 * horizon if horizon > 1 else 6, 2 * season + 2) if typical > 4 * season else horizon
    able = 1 + max(0, (typical - horizon - kept) // stride)
    count = folds or max(1, min(wanted, able, MOST_WINDOWS))
    return Origins(horizon, tuple(horizon + stride * back for back in range(count - 1, -1, -1)))


def require_history(lengths: Sequence[int], horizon: int) -> None:
    """
    Raises:
        InvalidInput: the horizon is as long as every series, or longer.
    """
    if horizon >= max(lengths):
        raise InvalidInput(
            f"The horizon of {horizon} is not shorter than the longest series ({max(lengths)} points).",
            field="forecasting.forecast_horizon",
            mend="Forecast fewer steps, or give a longer history.",
        )


def futures(panel: Panel, cut: int, horizon: int) -> Future:
    """What was known of the steps after an origin; the last row again where a series ends before."""
    return tuple(_rows(one.known[max(1, len(one) - cut) :][:horizon], one.known[-1:], horizon) for one in panel.series)


def _rows(rows: np.ndarray, last: np.ndarray, horizon: int) -> np.ndarray:
    lacking = horizon - len(rows)
    return rows if lacking <= 0 else np.concatenate([rows, np.repeat(last, lacking, axis=0)])


def run_backtest(kind: type[Forecaster], params: Params, panel: Panel, origins: Origins, means: Means) -> Backtest:
    """All windows, the oldest first; forms are chosen at the oldest and kept.

    So a form never knows what came after the origin that it is judged at, and costs its search once.
    """
    begun = time.monotonic()
    forecasts: list[np.ndarray] = []
    forms: dict[str, Any] = {}
    failures, first = 0, 0.0
    for cut in origins.cuts:
        past = panel.without_last(cut)
        candidate = kind(params)
        candidate.forms = dict(forms)
        candidate.fit(past, origins.horizon, means)
        forecasts.append(candidate.forecast(past, origins.horizon, futures(panel, cut, origins.horizon)))
        forms = candidate.forms
        failures = max(failures, candidate.failures) if isinstance(candidate, LocalForecaster) else 0
        first = first or time.monotonic() - begun
    return Backtest(np.stack(forecasts), forms, time.monotonic() - begun, first, failures)
