from __future__ import annotations

from typing import Any

from modelyard.automl.forecast.forecaster import PanelShape
from modelyard.automl.forecast.local_forecaster import LocalForecaster, Path
from modelyard.automl.forecast.panel import Series
from modelyard.automl.forecast.statistical import models

Form = list[Any]


class AutoArimaForecaster(LocalForecaster):
    """Seasonal ARIMA, orders by a stepwise search on AICc (Hyndman and Khandakar 2008), of statsforecast."""

    name = "AutoArima"
    aliases = ("AutoARIMA", "ARIMA")
    extra_module = "statsforecast"
    longest_season = 24
    series_seconds = 0.35
    start_seconds = 0.1

    @classmethod
    def unsuited(cls, shape: PanelShape) -> str | None:
        return "the series are too short" if shape.shortest < 10 else None

    def path(self, one: Series, season: int, steps: int, form: Any) -> Path:
        fitted = arima(season, form).fit(one.target)
        return Path(fitted.predict(steps)["mean"], form or order(fitted.model_))


def arima(season: int, form: Any) -> Any:
    """A statsforecast model: of the orders of `form`, or one that looks for its orders."""
    if form is None:
        return models.AutoARIMA(season_length=season, approximation=True, max_p=3, max_q=3)
    p, q, seasonal_p, seasonal_q, d, seasonal_d, drift, mean = form
    return models.ARIMA(
        order=(p, d, q),
        season_length=season,
        seasonal_order=(seasonal_p, seasonal_d, seasonal_q),
        include_drift=drift,
        include_mean=mean,
    )


def order(fitted: Any) -> Form:
    """p, q, P, Q, d, D, whether there is a drift and a mean; of a model that statsforecast fitted."""
    p, q, seasonal_p, seasonal_q, _, d, seasonal_d = (int(value) for value in fitted["arma"])
    names = fitted["coef"].keys()
    return [p, q, seasonal_p, seasonal_q, d, seasonal_d, "drift" in names, "intercept" in names]
