from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from modelyard.automl.forecast.forecaster import PanelShape, Params
from modelyard.automl.forecast.local_forecaster import LocalForecaster, Path
from modelyard.automl.forecast.panel import Series
from modelyard.automl.forecast.statistical import models


class ThetaForecaster(LocalForecaster):
    """Dynamic optimised theta (Fiorucci et al. 2016), of statsforecast; `season`: how a season is taken out."""

    name = "Theta"
    aliases = ("DynamicOptimizedTheta",)
    extra_module = "statsforecast"
    series_seconds = 0.004
    start_seconds = 0.1

    @classmethod
    def portfolio(cls, shape: PanelShape) -> Sequence[Params]:
        if shape.season < 2 or shape.smallest <= 0:
            return [{"season": "additive"}]
        return [{"season": "multiplicative"}, {"season": "additive"}]

    def path(self, one: Series, season: int, steps: int, form: Any) -> Path:
        kind = self.params.get("season", "additive") if one.target.min() > 0 else "additive"
        model = models.DynamicOptimizedTheta(season_length=season, decomposition_type=kind)
        return Path(model.forecast(y=one.target, h=steps)["mean"])
