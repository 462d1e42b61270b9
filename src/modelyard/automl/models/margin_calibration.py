"""Probabilities from margins (Platt 1999, with as many classes as there are)."""

from __future__ import annotations

from typing import Any

import numpy as np

from modelyard.automl.models.probabilities import softmax
from modelyard.domain.extras import LazyModule

optimize: Any = LazyModule("scipy.optimize", extra="automl", what="calibration of margins")


def fitted_margins(margins: np.ndarray, target: np.ndarray, own: np.ndarray) -> np.ndarray:
    """(1 + classes,): a slope for all classes and an intercept for each, of least log loss on these rows."""
    rows, classes = margins.shape
    smooth = (np.eye(classes)[target] * rows + 1.0) / (rows + classes)

    def cost(values: np.ndarray) -> float:
        shares = np.log(np.maximum(softmax(values[0] * margins + values[1:]), 1e-12))
        return float(-(own @ (smooth * shares).sum(axis=1)) / own.sum() + 1e-3 * (values[1:] ** 2).mean())

    start = np.concatenate([[1.0], np.zeros(classes)])
    found = optimize.minimize(cost, start, method="L-BFGS-B", bounds=[(1e-3, 50.0)] + [(-20.0, 20.0)] * classes)
    return np.asarray(found.x)


def calibrated(margins: np.ndarray, values: np.ndarray) -> np.ndarray:
    return softmax(values[0] * margins + values[1:])
