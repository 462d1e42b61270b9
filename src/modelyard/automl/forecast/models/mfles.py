from __future__ import annotations

from typing import Any

from modelyard.automl.forecast.local_forecaster import LocalForecaster, Path
from modelyard.automl.forecast.panel import Series
from modelyard.automl.forecast.statistical import models


class MFLESForecaster(LocalForecaster):
    """Median, Fourier terms, linear trend and smoothing, boosted in turn (Blume), of statsforecast."""

    name = "MFLES"
    extra_module = "statsforecast"
    series_seconds = 0.004
    start_seconds = 3.0

    def path(self, one: Series, season: int, steps: int, form: Any) -> Path:
        model = models.MFLES(season_length=season if season > 1 else None)
        return Path(model.forecast(y=one.target, h=steps)["mean"])
