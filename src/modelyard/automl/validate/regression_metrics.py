"""Scores of numbers, as Azure ML and scikit-learn define them.

`target` and `prediction` are (rows,), `weight` (rows,) or None. Normalised errors are divided by `extent`, the range
of the target; Azure ML takes that of all its data, so that folds are comparable: give it where it is known.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from modelyard.automl.validate.ranking import ranks

Array = np.ndarray
Score = Callable[[Array, Array, Array | None], float]


def rmse(target: Array, prediction: Array, weight: Array | None) -> float:
    return float(np.sqrt(mse(target, prediction, weight)))


def mse(target: Array, prediction: Array, weight: Array | None) -> float:
    return float(np.average((target - prediction) ** 2, weights=weight))


def mae(target: Array, prediction: Array, weight: Array | None) -> float:
    return float(np.average(np.abs(target - prediction), weights=weight))


def median_absolute_error(target: Array, prediction: Array, weight: Array | None) -> float:
    error = np.abs(target - prediction)
    if weight is None:
        return float(np.median(error))
    order = np.argsort(error)
    reached = np.cumsum(weight[order])
    return float(error[order][np.searchsorted(reached, reached[-1] / 2.0)])


def max_error(target: Array, prediction: Array, weight: Array | None) -> float:
    return float(np.abs(target - prediction).max())


def r2(target: Array, prediction: Array, weight: Array | None) -> float:
    """Share of the variance explained, kept within -1 and 1 as Azure ML does; NaN where the target is constant."""
    spread = float(np.average((target - np.average(target, weights=weight)) ** 2, weights=weight))
    if not spread:
        return float("nan")
    return float(np.clip(1.0 - mse(target, prediction, weight) / spread, -1.0, 1.0))


def explained_variance(target: Array, prediction: Array, weight: Array | None) -> float:
    error = target - prediction
    spread = np.average((target - np.average(target, weights=weight)) ** 2, weights=weight)
    left = np.average((error - np.average(error, weights=weight)) ** 2, weights=weight)
    return float(1.0 - left / spread) if spread else float("nan")


def spearman(target: Array, prediction: Array, weight: Array | None) -> float:
    """Correlation of the ranks; 0 where the prediction is constant, NaN where the target is. Weights do not count."""
    true, said = ranks(target), ranks(prediction)
    true, said = true - true.mean(), said - said.mean()
    if not (true**2).sum():
        return float("nan")
    spread = np.sqrt((true**2).sum() * (said**2).sum())
    return float((true * said).sum() / spread) if spread else 0.0


def mape(target: Array, prediction: Array, weight: Array | None) -> float:
    """Mean absolute error in per cent of the target, over the rows whose target is not 0."""
    there = target != 0
    if not there.any():
        return float("nan")
    share = np.abs((target[there] - prediction[there]) / target[there])
    return float(100.0 * np.average(share, weights=None if weight is None else weight[there]))


def smape(target: Array, prediction: Array, weight: Array | None) -> float:
    """200 |y - p| / (|y| + |p|), 0 where both are 0: per cent, from 0 to 200 (M4 competition)."""
    size = np.abs(target) + np.abs(prediction)
    share = np.divide(2 * np.abs(target - prediction), size, out=np.zeros_like(size, dtype=float), where=size > 0)
    return float(100.0 * np.average(share, weights=weight))


def wape(target: Array, prediction: Array, weight: Array | None) -> float:
    """Sum of absolute errors over the sum of absolute targets; NaN where that is 0."""
    size = np.average(np.abs(target), weights=weight)
    return mae(target, prediction, weight) / float(size) if size else float("nan")


def rmsle(target: Array, prediction: Array, weight: Array | None) -> float:
    """Root mean squared error of log(1 + y); negative predictions count as 0, NaN where a target is negative."""
    if (target < 0).any():
        return float("nan")
    return rmse(np.log1p(target), np.log1p(np.maximum(prediction, 0.0)), weight)


def normalized(error: Score, extent: float | None) -> Score:
    """`error` over the range of the target: of `extent` where given, else of the rows that are scored."""

    def share(target: Array, prediction: Array, weight: Array | None) -> float:
        width = float(np.ptp(target)) if extent is None else extent
        value = error(target, prediction, weight)
        return value / width if width > 0 else (0.0 if value == 0 else float("nan"))

    return share


def mase(scale: float | None) -> Score:
    """Mean absolute error over that of the seasonal naive forecast in training (Hyndman and Koehler 2006)."""

    def scaled(target: Array, prediction: Array, weight: Array | None) -> float:
        return mae(target, prediction, weight) / scale if scale else float("nan")

    return scaled
