from __future__ import annotations

from typing import Any

import numpy as np

from modelyard.automl.forecast.local_forecaster import LocalForecaster, Path
from modelyard.automl.forecast.panel import Series


class AverageForecaster(LocalForecaster):
    """The mean of the whole history."""

    name = "Average"

    def path(self, one: Series, season: int, steps: int, form: Any) -> Path:
        return Path(np.full(steps, one.target.mean()))
