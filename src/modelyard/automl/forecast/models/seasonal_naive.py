from __future__ import annotations

from typing import Any

from modelyard.automl.forecast.forecaster import PanelShape
from modelyard.automl.forecast.local_forecaster import LocalForecaster, Path, stand_in
from modelyard.automl.forecast.panel import Series


class SeasonalNaiveForecaster(LocalForecaster):
    """The last season again."""

    name = "SeasonalNaive"

    @classmethod
    def unsuited(cls, shape: PanelShape) -> str | None:
        return "there is no season" if shape.season < 2 else None

    def path(self, one: Series, season: int, steps: int, form: Any) -> Path:
        return Path(stand_in(one.target, season, steps))
