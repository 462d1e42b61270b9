"""Meta-learners on out-of-fold predictions, without negative weights (Breiman 1996, "Stacked regressions")."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from modelyard.automl.ensemble.combiner import LinearStack
from modelyard.automl.ensemble.greedy import held_rows
from modelyard.automl.models.probabilities import softmax
from modelyard.automl.task import Task
from modelyard.domain.extras import LazyModule

optimize: Any = LazyModule("scipy.optimize", extra="automl", what="stacking")

_SMALLEST = 1e-9


def fit_stack(
    task: Task,
    predictions: Sequence[np.ndarray],
    target: np.ndarray,
    weight: np.ndarray | None = None,
    penalty: float = 1e-3,
) -> LinearStack:
    """The stack of least loss on these rows; `penalty` draws the weights towards equal shares."""
    held = held_rows(predictions)
    stack = np.stack([np.asarray(prediction, dtype=np.float64)[held] for prediction in predictions])
    own = np.ones(int(held.sum())) if weight is None else weight[held]
    own = own / own.sum()
    if task.is_classification:
        return _log_linear(np.log(np.maximum(stack, _SMALLEST)), target[held].astype(np.int64), own, penalty)
    return _linear(stack, target[held], own, penalty)


def cross_stack(
    task: Task,
    predictions: Sequence[np.ndarray],
    target: np.ndarray,
    folds: np.ndarray,
    weight: np.ndarray | None = None,
    penalty: float = 1e-3,
) -> np.ndarray:
    """Predictions of stacks for rows that they were not fitted to: comparable with those of the candidates.

    `folds` holds one number a row: rows of one number are predicted by the stack of the others. Rows without a
    prediction of every candidate stay NaN.
    """
    held = held_rows(predictions)
    made = np.full(np.shape(predictions[0]), np.nan)
    for fold in np.unique(folds[held]):
        inside, outside = held & (folds == fold), held & (folds != fold)
        if not outside.any():
            continue
        own = None if weight is None else weight[outside]
        stack = fit_stack(task, [one[outside] for one in predictions], target[outside], own, penalty)
        made[inside] = stack.combine([np.asarray(one[inside], dtype=np.float64) for one in predictions])
    return made


def _log_linear(logs: np.ndarray, target: np.ndarray, own: np.ndarray, penalty: float) -> LinearStack:
    members, rows, classes = logs.shape
    hits = np.zeros((rows, classes))
    hits[np.arange(rows), target] = 1.0
    even = 1.0 / members

    def loss(values: np.ndarray) -> tuple[float, np.ndarray]:
        weights, intercept = values[:members], values[members:]
        shares = softmax(np.tensordot(weights, logs, axes=1) + intercept)
        off = (shares - hits) * own[:, None]
        slope = np.concatenate([np.tensordot(logs, off, axes=([1, 2], [0, 1])), off.sum(axis=0)])
        slope[:members] += 2 * penalty * (weights - even)
        slope[members:] += 2 * penalty * intercept
        chosen = shares[np.arange(rows), target]
        drawn = penalty * (np.sum((weights - even) ** 2) + np.sum(intercept**2))
        return float(-own @ np.log(np.maximum(chosen, _SMALLEST)) + drawn), slope

    start = np.concatenate([np.full(members, even), np.zeros(classes)])
    bounds = [(0.0, None)] * members + [(None, None)] * classes
    found = optimize.minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 100}).x
    if found[:members].sum() <= _SMALLEST:
        found = start
    return LinearStack(found[:members], found[members:])


def _linear(stack: np.ndarray, target: np.ndarray, own: np.ndarray, penalty: float) -> LinearStack:
    centres, centre = stack @ own, float(target @ own)
    spread = float(np.sqrt(own @ (target - centre) ** 2)) or 1.0
    root = np.sqrt(own)
    columns = ((stack - centres[:, None]) / spread * root).T
    members = len(stack)
    drawn = np.sqrt(penalty)
    system = np.vstack([columns, drawn * np.eye(members)])
    goal = np.concatenate([(target - centre) / spread * root, np.full(members, drawn / members)])
    weights, _ = optimize.nnls(system, goal)
    if weights.sum() <= _SMALLEST:
        weights = np.full(members, 1.0 / members)
    return LinearStack(weights, [centre - float(weights @ centres)])
