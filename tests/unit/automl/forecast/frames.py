"""Small long frames."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from modelyard.automl.plan.settings import Featurization, Forecasting, Settings


def monthly(series: int = 3, points: int = 48, seed: int = 0) -> pd.DataFrame:
    """Columns store, month, sales: trend, season and noise."""
    draw = np.random.default_rng(seed)
    place = np.arange(points)
    parts = []
    for number in range(series):
        sales = 100 * (number + 1) + place + 10 * np.sin(2 * np.pi * place / 12) + draw.normal(size=points)
        months = pd.date_range("2015-01-01", periods=points, freq="MS")
        parts.append(pd.DataFrame({"store": f"s{number}", "month": months, "sales": sales}))
    return pd.concat(parts, ignore_index=True)


def asked(target: str = "sales", time: str = "month", by: tuple[str, ...] = ("store",), **more: Any) -> Settings:
    featurization = more.pop("featurization", Featurization())
    return Settings(target, featurization=featurization, forecasting=Forecasting(time, by, **more))
