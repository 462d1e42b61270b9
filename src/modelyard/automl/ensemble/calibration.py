"""How sure the probabilities of an ensemble should be."""

from __future__ import annotations

from typing import Any

import numpy as np

from modelyard.automl.ensemble.combiner import tempered
from modelyard.domain.extras import LazyModule

optimize: Any = LazyModule("scipy.optimize", extra="automl", what="calibration")

# Gains below this are noise of the rows that it was fitted to.
_WORTH = 1e-4


def fitted_temperature(target: np.ndarray, probabilities: np.ndarray, weight: np.ndarray | None = None) -> float:
    """The temperature of least log loss on out-of-fold rows (Guo et al. 2017); 1.0 where it gains next to nothing.

    It moves no row past another within a class of two, so AUC stays as it is.
    """
    held = np.isfinite(probabilities).all(axis=1)
    goal, shares = target[held].astype(np.int64), probabilities[held]
    own = None if weight is None else weight[held]

    def loss(logarithm: float) -> float:
        chosen = tempered(shares, float(np.exp(logarithm)))[np.arange(len(goal)), goal]
        return float(np.average(-np.log(np.maximum(chosen, 1e-12)), weights=own))

    found = optimize.minimize_scalar(loss, bounds=(-1.5, 1.5), method="bounded", options={"xatol": 1e-3})
    return float(np.exp(found.x)) if loss(0.0) - found.fun > _WORTH * max(loss(0.0), 1e-3) else 1.0
