"""From scores to probabilities of every class."""

from __future__ import annotations

import numpy as np


def sigmoid(scores: np.ndarray) -> np.ndarray:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(scores, -500.0, 500.0))))


def softmax(scores: np.ndarray) -> np.ndarray:
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def pair(positive: np.ndarray) -> np.ndarray:
    """(rows, 2) of the probability of class 1."""
    both = np.empty((len(positive), 2))
    both[:, 1] = positive
    np.subtract(1.0, positive, out=both[:, 0])
    return both


def normalised(shares: np.ndarray) -> np.ndarray:
    """Rows that sum to 1; a row of zeros becomes equal shares."""
    total = shares.sum(axis=1, keepdims=True)
    return np.where(total > 0, shares / np.where(total > 0, total, 1.0), 1.0 / shares.shape[1])


def spread(probabilities: np.ndarray, present: np.ndarray, classes: int) -> np.ndarray:
    """Columns for all classes, where a learner knows only the classes `present` in its rows."""
    if len(present) == classes:
        return probabilities
    full = np.zeros((len(probabilities), classes))
    full[:, present] = probabilities
    return full
