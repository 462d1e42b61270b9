from __future__ import annotations

from typing import Any

from modelyard.automl.forecast.local_forecaster import LocalForecaster, Path
from modelyard.automl.forecast.panel import Series
from modelyard.automl.forecast.statistical import models


class ExponentialSmoothingForecaster(LocalForecaster):
    """Holt-Winters with a damped trend and an additive season: one form, where `ETS` chooses among all."""

    name = "ExponentialSmoothing"
    aliases = ("HoltWinters",)
    extra_module = "statsforecast"
    longest_season = 24
    series_seconds = 0.03
    start_seconds = 0.1

    def path(self, one: Series, season: int, steps: int, form: Any) -> Path:
        kind = "AAA" if season > 1 else "AAN"
        fitted = models.AutoETS(season_length=season, model=kind, damped=True).fit(one.target)
        return Path(fitted.predict(steps)["mean"])
