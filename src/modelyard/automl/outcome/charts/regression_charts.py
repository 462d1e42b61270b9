"""Charts of predicted numbers: what was predicted beside what was true, and the errors."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray
POINTS = 200
_BINS = 20


def predicted_true(target: Array, prediction: Array, seed: int = 0) -> dict[str, Any]:
    """A sample of the rows, and means and deviations of predictions in bins of the true value."""
    shown = np.arange(len(target))
    if len(shown) > POINTS:
        shown = np.sort(np.random.default_rng(seed).choice(len(shown), POINTS, replace=False))
    edges = _edges(target)
    place = np.clip(np.searchsorted(edges, target, side="right") - 1, 0, len(edges) - 2)
    counts = np.bincount(place, minlength=len(edges) - 1)
    filled = [prediction[place == index] for index in range(len(counts))]
    return {
        "true": target[shown].tolist(),
        "predicted": prediction[shown].tolist(),
        "bin_edges": edges.tolist(),
        "bin_counts": counts.tolist(),
        "bin_averages": [float(part.mean()) if len(part) else None for part in filled],
        "bin_errors": [_deviation(part) if len(part) else None for part in filled],
    }


def residuals(target: Array, prediction: Array) -> dict[str, Any]:
    """Predicted less true: how often how much, the ends (1 % on either side) in the outer bins."""
    errors = prediction - target
    low, high = (float(value) for value in np.quantile(errors, [0.01, 0.99]))
    edges = _edges(np.clip(errors, low, high))
    counts, _ = np.histogram(np.clip(errors, edges[0], edges[-1]), bins=edges)
    return {
        "bin_edges": edges.tolist(),
        "bin_counts": counts.tolist(),
        "mean": float(errors.mean()),
        "deviation": _deviation(errors),
        "quantiles": {str(share): float(np.quantile(errors, share)) for share in (0.05, 0.25, 0.5, 0.75, 0.95)},
        "normalized_by": float(np.ptp(target)),
    }


def _deviation(values: Array) -> float:
    """Of numbers however large."""
    largest = float(np.abs(values).max()) or 1.0
    return float((values / largest).std()) * largest


def _edges(values: Array) -> Array:
    low, high = float(values.min()), float(values.max())
    if high <= low:
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, _BINS + 1)
    # Numbers so large that bins cannot be told apart.
    return edges if (np.diff(edges) > 0).all() else np.array([low, np.nextafter(high, np.inf)])
