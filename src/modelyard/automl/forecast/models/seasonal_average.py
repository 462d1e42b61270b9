from __future__ import annotations

from typing import Any

import numpy as np

from modelyard.automl.forecast.forecaster import PanelShape
from modelyard.automl.forecast.local_forecaster import LocalForecaster, Path
from modelyard.automl.forecast.panel import Series


class SeasonalAverageForecaster(LocalForecaster):
    """The mean of the latest season."""

    name = "SeasonalAverage"

    @classmethod
    def unsuited(cls, shape: PanelShape) -> str | None:
        return "there is no season" if shape.season < 2 else None

    def path(self, one: Series, season: int, steps: int, form: Any) -> Path:
        return Path(np.full(steps, one.target[-season:].mean()))
