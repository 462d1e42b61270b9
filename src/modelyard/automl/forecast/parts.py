"""The work of a trial in pieces that run in other processes: some series, or one model of all."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from modelyard.automl.forecast.backtest import Backtest, Origins, run_backtest
from modelyard.automl.forecast.candidates import Candidate, find
from modelyard.automl.forecast.forecaster import PanelShape, Params
from modelyard.automl.forecast.local_forecaster import LocalForecaster
from modelyard.automl.forecast.panel import Panel
from modelyard.automl.models.tabular_model import Means

PART_SECONDS = 1.5
"""Of one piece: long beside the cost of sending it, short beside the walls."""
PRELOADED = ("numpy", "pandas", "modelyard.automl.forecast.parts", "modelyard.automl.forecast.models.lag_regressors")
_STATISTICAL = ("modelyard.automl.forecast.statistical", "statsforecast.models")


def preloaded(candidates: Sequence[Candidate]) -> tuple[str, ...]:
    """What workers are born with: a library that no candidate needs costs its seconds of import for nothing."""
    needed = {candidate.kind.extra_module for candidate in candidates} - {None}
    others = tuple(sorted(str(name) for name in needed - {"statsforecast"}))
    return (*PRELOADED, *others, *(_STATISTICAL if "statsforecast" in needed else ()))


@dataclass(frozen=True)
class Fitted:
    """A forecaster that was fitted elsewhere."""

    state: Mapping[str, Any]
    seconds: float


def backtest_part(name: str, params: Params, panel: Panel, origins: Origins, seconds: float, seed: int) -> Backtest:
    """Runs in a worker. The panel may be a part of all series."""
    return run_backtest(find(name), params, panel, origins, Means(1, seed, time.monotonic() + seconds))


def fit_part(
    name: str, params: Params, panel: Panel, horizon: int, forms: Mapping[str, Any] | None, seconds: float, seed: int
) -> Fitted:
    """Runs in a worker. With `forms` of the backtests nothing is chosen anew, which is quicker."""
    begun = time.monotonic()
    one = find(name)(params)
    one.forms = dict(forms or {})
    one.fit(panel, horizon, Means(1, seed, begun + seconds))
    return Fitted(one.state(), time.monotonic() - begun)


def pieces(candidate: Candidate, shape: PanelShape, windows: int, workers: int, factor: float) -> list[np.ndarray]:
    """Places of the series of each piece. `factor`: measured over estimated seconds of what ran before."""
    everything = np.arange(shape.series)
    if not issubclass(candidate.kind, LocalForecaster):
        return [everything]
    seconds = (candidate.kind.seconds(shape) - candidate.kind.start_seconds) * (1 + 0.25 * (windows - 1)) * factor
    count = max(workers if seconds > 0.5 else 1, round(seconds / PART_SECONDS))
    return [part for part in np.array_split(everything, min(count, shape.series)) if len(part)]


def joined(parts: Sequence[Backtest]) -> Backtest:
    """Pieces of one trial, in the order of their series."""
    forms: dict[str, Any] = {}
    for part in parts:
        forms.update(part.forms)
    return Backtest(
        np.concatenate([part.forecasts for part in parts], axis=1),
        forms,
        sum(part.seconds for part in parts),
        sum(part.first_seconds for part in parts),
        sum(part.failures for part in parts),
    )


def joined_states(parts: Sequence[Fitted]) -> Mapping[str, Any]:
    """One state of the pieces of a local forecaster; the state itself where there is one piece."""
    if len(parts) == 1:
        return parts[0].state
    states = [part.state for part in parts]
    rows = [state["coefficients"] for state in states]
    return {
        "values": np.concatenate([state["values"] for state in states]),
        "coefficients": None if any(row is None for row in rows) else np.concatenate(rows),
        "forms": "{" + ", ".join(inner for state in states if (inner := state["forms"][1:-1])) + "}",
        "ends": np.concatenate([state["ends"] for state in states]),
    }


def grown(shape: PanelShape, panel: Panel) -> PanelShape:
    """The shape of the whole panel, from that of the series that are judged."""
    return replace(shape, series=len(panel), points=sum(len(one) for one in panel.series))
