"""Trend and season of one series by moving averages and phase means, for seasons that a model cannot hold."""

from __future__ import annotations

import numpy as np


def moving_average(values: np.ndarray, season: int) -> np.ndarray:
    """Centred, of one season's width (2 x m for an even m); the ends keep the line of the nearest season."""
    width = season if season % 2 else season + 1
    weights = np.ones(width)
    if season % 2 == 0:
        weights[[0, -1]] = 0.5
    weights /= weights.sum()
    if len(values) < width:
        return np.full(len(values), values.mean())
    middle = np.convolve(values, weights, mode="valid")
    half = width // 2
    reach = min(len(middle), season)
    slope_left = (middle[reach - 1] - middle[0]) / max(1, reach - 1)
    slope_right = (middle[-1] - middle[-reach]) / max(1, reach - 1)
    left = middle[0] - slope_left * np.arange(half, 0, -1)
    right = middle[-1] + slope_right * np.arange(1, half + 1)
    return np.concatenate([left, middle, right])


def seasonal_part(values: np.ndarray, season: int, steps: int, recent: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """The additive season within the series and for the steps after it, from its last `recent` seasons."""
    rest = values - moving_average(values, season)
    count = len(values)
    phase = np.arange(count + steps) % season
    window = slice(max(0, count - recent * season), count)
    sums = np.bincount(phase[window], rest[window], season)
    means = sums / np.maximum(1, np.bincount(phase[window], minlength=season))
    means -= means.mean()
    return means[phase[:count]], means[phase[count:]]
