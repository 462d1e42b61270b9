"""What a forecasting search returns."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any


class ForecastPredictor:
    """Forecasts the series that it was fitted to. Saved without pickles; one thread uses it at a time."""

    def forecast(self, future: Any = None, horizon: int | None = None, quantiles: Sequence[float] | None = None) -> Any:
        """A frame of the series columns, the time column, `forecast` and one column a quantile (`0.1`, `0.9`).

        `future` holds the known columns of the steps to come, needed where the fit had such columns.

        Raises:
            InvalidInput: known columns or steps are missing from `future`.
        """
        raise NotImplementedError

    def predict(self, frame: Any) -> Any:
        """The middle forecast for each row (series, time) of the frame, in its order."""
        raise NotImplementedError

    def update(self, history: Any) -> ForecastPredictor:
        """The same forecaster with later observations, not searched again."""
        raise NotImplementedError

    def leaderboard(self) -> Any:
        """A frame with one row a trial, best first."""
        raise NotImplementedError

    def save(self, folder: str | Path) -> Path:
        raise NotImplementedError

    @classmethod
    def load(cls, folder: str | Path) -> ForecastPredictor:
        raise NotImplementedError

    def export_mlflow(self, folder: str | Path) -> Path:
        """An MLflow model (pyfunc) whose input rows are a series and a time each."""
        raise NotImplementedError
