"""Weights of a voting ensemble: greedy selection with replacement (Caruana et al. 2004, "Ensemble selection")."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np

Score = Callable[[np.ndarray, np.ndarray, np.ndarray | None], float]
"""(target, prediction, weight) -> score."""

# Rounds without a better score before the search ends.
_PATIENCE = 10


def held_rows(predictions: Sequence[np.ndarray]) -> np.ndarray:
    """(rows,) bool: rows that every candidate has an out-of-fold prediction for."""
    held = np.ones(len(predictions[0]), dtype=bool)
    for prediction in predictions:
        held &= np.isfinite(prediction.reshape(len(prediction), -1)).all(axis=1)
    return held


def greedy_weights(
    predictions: Sequence[np.ndarray],
    target: np.ndarray,
    score: Score,
    *,
    greater_is_better: bool,
    weight: np.ndarray | None = None,
    rounds: int = 50,
    deadline: float | None = None,
) -> np.ndarray:
    """(candidates,) weights that sum to 1, of the best score that the greedy path came by.

    In each round the candidate that helps the mean most is added, again if need be. The path starts at the best single
    candidate, so the result is never worse than it on these rows. Rows without a prediction (NaN) are left out.
    """
    held = held_rows(predictions)
    stack = np.stack([np.asarray(prediction, dtype=np.float64)[held] for prediction in predictions])
    goal, own = target[held], None if weight is None else weight[held]
    sign = 1.0 if greater_is_better else -1.0

    def value(mean: np.ndarray) -> float:
        found = sign * score(goal, mean, own)
        return found if np.isfinite(found) else -np.inf

    counts = np.zeros(len(stack))
    total = np.zeros_like(stack[0])
    best_counts, best_value, best_round = counts, -np.inf, 0
    for made in range(1, rounds + 1):
        values = []
        for one in stack:
            values.append(value((total + one) / made))
            if deadline is not None and best_counts.any() and time.monotonic() > deadline:
                return np.asarray(best_counts / best_counts.sum())
        chosen = int(np.argmax(values))
        counts[chosen] += 1
        total += stack[chosen]
        if values[chosen] > best_value or made == 1:
            best_counts, best_value, best_round = counts.copy(), values[chosen], made
        elif made - best_round >= _PATIENCE:
            break
    return np.asarray(best_counts / best_counts.sum())
