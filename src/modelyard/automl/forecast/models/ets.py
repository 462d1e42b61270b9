from __future__ import annotations

from typing import Any

from modelyard.automl.forecast.local_forecaster import LocalForecaster, Path
from modelyard.automl.forecast.panel import Series
from modelyard.automl.forecast.statistical import models


class ETSForecaster(LocalForecaster):
    """Exponential smoothing in state-space form, components by AICc (Hyndman et al. 2002), of statsforecast."""

    name = "ETS"
    aliases = ("AutoETS",)
    extra_module = "statsforecast"
    longest_season = 24
    series_seconds = 0.13
    start_seconds = 0.1

    def path(self, one: Series, season: int, steps: int, form: Any) -> Path:
        kind, damped = ("ZZZ", None) if form is None else (form[0], form[1])
        fitted = models.AutoETS(season_length=season, model=kind, damped=damped).fit(one.target)
        return Path(fitted.predict(steps)["mean"], _form(fitted.model_["components"]))


def _form(components: str) -> tuple[str, bool]:
    """`MAdA` as statsforecast writes it (`MAAD`: error, trend, season, damped or not) to its arguments."""
    return components[:3], components[3:] == "D"
