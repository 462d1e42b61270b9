from __future__ import annotations

from typing import Any

import numpy as np

from modelyard.automl.forecast.forecaster import PanelShape
from modelyard.automl.forecast.local_forecaster import LocalForecaster, Path
from modelyard.automl.forecast.panel import Series

INTERMITTENT = 0.2
"""Share of zeros from which demand counts as intermittent."""
SMOOTHING = 0.1


class CrostonForecaster(LocalForecaster):
    """Croston's method with the correction of Syntetos and Boylan (2005): size over interval, less its bias."""

    name = "Croston"
    aliases = ("CrostonSBA",)

    @classmethod
    def unsuited(cls, shape: PanelShape) -> str | None:
        if shape.zero_fraction < INTERMITTENT or shape.smallest < 0:
            return "demand is not intermittent"
        return None

    def path(self, one: Series, season: int, steps: int, form: Any) -> Path:
        places = np.flatnonzero(one.target)
        if not len(places):
            return Path(np.zeros(steps))
        sizes, intervals = one.target[places], np.diff(np.concatenate(([-1], places))).astype(float)
        size, interval = smoothed(sizes, SMOOTHING), smoothed(intervals, SMOOTHING)
        return Path(np.full(steps, (1 - SMOOTHING / 2) * size / max(1.0, interval)))


def smoothed(values: np.ndarray, weight: float) -> float:
    """The last level of simple exponential smoothing that starts at the first value."""
    level = float(values[0])
    for value in values[1:]:
        level += weight * (float(value) - level)
    return level
