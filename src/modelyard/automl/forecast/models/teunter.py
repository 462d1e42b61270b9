from __future__ import annotations

from typing import Any

import numpy as np

from modelyard.automl.forecast.forecaster import PanelShape
from modelyard.automl.forecast.local_forecaster import LocalForecaster, Path
from modelyard.automl.forecast.models.croston import INTERMITTENT, smoothed
from modelyard.automl.forecast.panel import Series


class TeunterForecaster(LocalForecaster):
    """Probability and size of demand smoothed apart (Teunter, Syntetos and Babai 2011): follows demand that ends."""

    name = "TSB"

    @classmethod
    def unsuited(cls, shape: PanelShape) -> str | None:
        if shape.zero_fraction < INTERMITTENT or shape.smallest < 0:
            return "demand is not intermittent"
        return None

    def path(self, one: Series, season: int, steps: int, form: Any) -> Path:
        sizes = one.target[one.target != 0]
        if not len(sizes):
            return Path(np.zeros(steps))
        probability = smoothed((one.target != 0).astype(float), 0.1)
        return Path(np.full(steps, probability * smoothed(sizes, 0.1)))
