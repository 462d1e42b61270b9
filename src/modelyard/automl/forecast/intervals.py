"""Quantiles around a forecast, from the errors of its backtests (split conformal, per step)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from modelyard.automl.forecast.metrics import Truth

FEW = 8
"""Errors of a series from which its own spread is believed as much as that of all series."""


@dataclass(frozen=True)
class ErrorQuantiles:
    """Quantiles of errors in units of a series' own scale, step by step."""

    levels: np.ndarray
    """(levels,): ascending, in 0..1."""
    values: np.ndarray
    """(levels, horizon): error over scale, never decreasing along the levels."""
    scales: np.ndarray
    """(series,)."""
    source: str = "backtests"

    def around(self, middle: np.ndarray, quantiles: Sequence[float]) -> np.ndarray:
        """(quantiles, series, horizon) around (series, horizon); steps past the backtests widen with their root."""
        steps = middle.shape[1]
        known = self.values.shape[1]
        places = np.minimum(np.arange(steps), known - 1)
        growth = np.sqrt(np.maximum(1.0, np.arange(1, steps + 1) / known))
        rows = []
        for quantile in quantiles:
            errors = np.array([np.interp(quantile, self.levels, self.values[:, step]) for step in range(known)])
            rows.append(middle + self.scales[:, None] * (errors[places] * growth)[None, :])
        return np.sort(np.stack(rows), axis=0) if list(quantiles) == sorted(quantiles) else np.stack(rows)


def error_quantiles(truth: Truth, forecast: np.ndarray) -> ErrorQuantiles:
    """From (windows, series, horizon) backtests. A series' scale leans on that of all where it has few errors."""
    errors = truth.actual - forecast
    present = ~np.isnan(errors)
    counts = present.sum(axis=(0, 2))
    sums = np.where(present, np.abs(errors), 0.0).sum(axis=(0, 2))
    own = sums / np.maximum(1, counts)
    relative = own / truth.ranges
    typical = float(np.median(relative[counts > 0])) if (counts > 0).any() else 0.1
    trust = counts / (counts + FEW)
    scales = (trust * relative + (1 - trust) * typical) * truth.ranges
    scales = np.maximum(scales, 1e-12)
    scaled = errors / scales[None, :, None]
    levels = np.concatenate(([0.005, 0.01, 0.025], np.linspace(0.05, 0.95, 19), [0.975, 0.99, 0.995]))
    horizon = errors.shape[2]
    values = np.stack([_smoothed_quantiles(scaled, step, levels) for step in range(horizon)], axis=1)
    return ErrorQuantiles(levels, np.sort(values, axis=0), scales)


def _smoothed_quantiles(scaled: np.ndarray, step: int, levels: np.ndarray) -> np.ndarray:
    """Of the errors at a step, with those of neighbouring steps where they are few; the finite-sample correction."""
    reach = 0
    while True:
        part = scaled[:, :, max(0, step - reach) : step + reach + 1]
        kept = part[~np.isnan(part)]
        if len(kept) >= 60 or reach >= scaled.shape[2]:
            break
        reach += 1
    if not len(kept):
        return np.zeros(len(levels))
    corrected = np.clip(0.5 + (levels - 0.5) * (len(kept) + 1) / len(kept), 0, 1)
    return np.asarray(np.quantile(kept, corrected))
