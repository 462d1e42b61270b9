from __future__ import annotations

import numpy as np
import pytest

from modelyard.automl.forecast.intervals import error_quantiles
from modelyard.automl.forecast.metrics import Truth


def truth(windows: int = 4, series: int = 60, horizon: int = 5) -> tuple[Truth, np.ndarray]:
    draw = np.random.default_rng(0)
    sizes = np.linspace(1, 30, series)[None, :, None] * np.sqrt(np.arange(1, horizon + 1))
    forecast = np.full((windows, series, horizon), 100.0)
    actual = forecast + draw.normal(size=forecast.shape) * sizes
    return Truth(actual, np.full(series, 50.0), np.ones((windows, series))), forecast


def test_about_as_many_fall_inside_as_asked() -> None:
    judged, forecast = truth()
    errors = error_quantiles(judged, forecast)
    fresh, _ = truth(windows=4)
    low, high = errors.around(forecast[0], [0.1, 0.9])
    inside = (fresh.actual >= low) & (fresh.actual <= high)
    assert inside.mean() == pytest.approx(0.8, abs=0.06)
    assert (high - low)[-1].mean() > 3 * (high - low)[0].mean(), "a series of greater errors has a wider band"
    assert (high - low)[:, -1].mean() > 1.3 * (high - low)[:, 0].mean(), "later steps have wider bands"


def test_quantiles_never_cross_and_go_on_beyond_the_backtests() -> None:
    judged, forecast = truth(windows=1, series=2)
    levels = [0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99]
    bands = error_quantiles(judged, forecast).around(np.full((2, 12), 100.0), levels)
    assert bands.shape == (7, 2, 12)
    assert (np.diff(bands, axis=0) >= 0).all()
    assert (bands[-1] - bands[0])[:, -1].min() > (bands[-1] - bands[0])[:, 4].min()


def test_without_any_error_the_band_has_no_width() -> None:
    judged = Truth(np.full((1, 1, 3), np.nan), np.ones(1), np.ones((1, 1)))
    bands = error_quantiles(judged, np.zeros((1, 1, 3))).around(np.zeros((1, 3)), [0.1, 0.9])
    np.testing.assert_array_equal(bands, 0)
