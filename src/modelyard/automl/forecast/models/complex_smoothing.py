from __future__ import annotations

from typing import Any

from modelyard.automl.forecast.local_forecaster import LocalForecaster, Path
from modelyard.automl.forecast.panel import Series
from modelyard.automl.forecast.statistical import models


class ComplexSmoothingForecaster(LocalForecaster):
    """Complex exponential smoothing (Svetunkov 2022), its season by AICc, of statsforecast."""

    name = "CES"
    aliases = ("AutoCES",)
    extra_module = "statsforecast"
    longest_season = 24
    series_seconds = 0.04
    start_seconds = 22.0

    def path(self, one: Series, season: int, steps: int, form: Any) -> Path:
        fitted = models.AutoCES(season_length=season, model=form or "Z").fit(one.target)
        return Path(fitted.predict(steps)["mean"], fitted.model_["seasontype"])
