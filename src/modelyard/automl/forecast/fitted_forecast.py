"""The combination that a search chose, fitted to the whole history: all that a forecast needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from modelyard.automl.forecast.candidates import find
from modelyard.automl.forecast.combination import Combination
from modelyard.automl.forecast.forecaster import Forecaster
from modelyard.automl.forecast.intervals import ErrorQuantiles
from modelyard.automl.forecast.panel import Future, Panel, Series
from modelyard.automl.forecast.series import Reader


@dataclass(frozen=True)
class FittedForecast:
    reader: Reader
    panel: Panel
    """The whole history."""
    horizon: int
    members: tuple[Forecaster, ...]
    combination: Combination
    """Over `members`, in their order."""
    errors: ErrorQuantiles

    def middle(self, horizon: int, future: Future) -> np.ndarray:
        """(series, horizon)."""
        forecasts = [bounded(self.panel, one.forecast(self.panel, horizon, future)) for one in self.members]
        return self.combination.of(forecasts)

    def quantiles(self, middle: np.ndarray, levels: Sequence[float]) -> np.ndarray:
        """(levels, series, horizon), never crossing, and never negative where the history never is."""
        return np.stack([bounded(self.panel, one) for one in self.errors.around(middle, levels)])

    def with_panel(self, panel: Panel) -> FittedForecast:
        return replace(self, panel=panel)

    def state(self) -> dict[str, Any]:
        """JSON values and arrays."""
        return {
            "reader": self.reader.to_json(),
            "panel": _panel_state(self.panel),
            "horizon": self.horizon,
            "members": [{"name": m.name, "params": dict(m.params), "state": m.state()} for m in self.members],
            "weights": list(self.combination.weights),
            "median": self.combination.median,
            "errors": {
                "levels": self.errors.levels,
                "values": self.errors.values,
                "scales": self.errors.scales,
                "source": self.errors.source,
            },
        }

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> Self:
        reader = Reader.from_json(state["reader"])
        members = tuple(find(m["name"]).restore(m["params"], m["state"]) for m in state["members"])
        return cls(
            reader,
            _panel_of(state["panel"], reader),
            int(state["horizon"]),
            members,
            Combination(tuple(range(len(members))), tuple(state["weights"]), bool(state["median"])),
            ErrorQuantiles(**state["errors"]),
        )


def bounded(panel: Panel, forecasts: np.ndarray) -> np.ndarray:
    """A series that was never negative is not forecast to be; (..., series, horizon)."""
    floors = np.array([0.0 if one.target.min() >= 0 else -np.inf for one in panel.series])
    return np.asarray(np.maximum(forecasts, floors[:, None]))


def _panel_state(panel: Panel) -> dict[str, Any]:
    return {
        "keys": [list(one.key) for one in panel.series],
        "lengths": np.array([len(one) for one in panel.series], dtype=np.int64),
        "times": np.concatenate([one.times.astype("datetime64[ns]").astype(np.int64) for one in panel.series]),
        "target": np.concatenate([one.target for one in panel.series]),
        "known": np.concatenate([one.known for one in panel.series]),
        "past": np.concatenate([one.past for one in panel.series]),
    }


def _panel_of(state: Mapping[str, Any], reader: Reader) -> Panel:
    ends = np.cumsum(state["lengths"])
    series = []
    for number, key in enumerate(state["keys"]):
        part = slice(int(ends[number] - state["lengths"][number]), int(ends[number]))
        times = state["times"][part].astype("datetime64[ns]")
        series.append(Series(tuple(key), times, state["target"][part], state["known"][part], state["past"][part]))
    return Panel(
        tuple(series), reader.frequency, reader.season, reader.known.features, reader.past.features, reader.country
    )
