"""What a learner watches while it learns: a smooth loss that stands for the metric."""

from __future__ import annotations

import numpy as np

from modelyard.automl.task import Task

_ABSOLUTE = ("absolute_error", "mae", "mase", "smape", "mape")
_LOGARITHMIC = ("log_error", "rmsle")


def wants_median(metric: str) -> bool:
    """Whether the best prediction under `metric` is the median rather than the mean."""
    return any(word in metric for word in _ABSOLUTE)


def wants_logarithm(metric: str) -> bool:
    return any(word in metric for word in _LOGARITHMIC)


def loss(task: Task, metric: str, target: np.ndarray, prediction: np.ndarray, weight: np.ndarray | None) -> float:
    """Smaller is better: log loss of probabilities, mean absolute or mean squared error of numbers.

    AUC and accuracy move in steps and are noisy on few rows; log loss ranks the same models nearly alike.
    """
    if task.is_classification:
        chosen = prediction[np.arange(len(target)), target.astype(np.int64)]
        return float(np.average(-np.log(np.clip(chosen, 1e-12, 1.0)), weights=weight))
    difference = prediction - target
    each = np.abs(difference) if wants_median(metric) else difference * difference
    return float(np.average(each, weights=weight))
