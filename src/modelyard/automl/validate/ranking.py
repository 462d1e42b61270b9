"""Curves and ranks that scores are made of, by numpy alone: an ensemble asks for hundreds of scores a second."""

from __future__ import annotations

import numpy as np

Array = np.ndarray


def ranks(values: Array) -> Array:
    """Ranks from 1; equal values share the mean of their ranks."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    return np.asarray((last - (count - 1) / 2.0)[place])


def roc_auc(positive: Array, score: Array, weight: Array | None = None) -> float:
    """Area under the ROC curve: the share of pairs in right order, half for equal ones. NaN with one class."""
    positive = positive.astype(bool)
    if weight is None:
        hits = int(positive.sum())
        misses = len(positive) - hits
        if not hits or not misses:
            return float("nan")
        return float((ranks(score)[positive].sum() - hits * (hits + 1) / 2.0) / (hits * misses))
    above, below = _cumulated(positive, score, weight)
    if not above[-1] or not below[-1]:
        return float("nan")
    heights = (above[1:] + above[:-1]) / 2.0
    return float((np.diff(below) * heights).sum() / (above[-1] * below[-1]))


def average_precision(positive: Array, score: Array, weight: Array | None = None) -> float:
    """Sum of precision times gained recall over the thresholds, as scikit-learn's. NaN where no row is positive."""
    positive = positive.astype(bool)
    above, below = _cumulated(positive, score, np.ones(len(score)) if weight is None else weight)
    if not above[-1]:
        return float("nan")
    taken = above[1:] + below[1:]
    precision = np.divide(above[1:], taken, out=np.ones_like(taken), where=taken > 0)
    return float((np.diff(above) * precision).sum() / above[-1])


def _cumulated(positive: Array, score: Array, weight: Array) -> tuple[Array, Array]:
    """Weight of positive and of negative rows at or above each distinct score, highest first, with a 0 before."""
    order = np.argsort(-score, kind="stable")
    score, positive, weight = score[order], positive[order], weight[order]
    ends = np.append(np.flatnonzero(np.diff(score)), len(score) - 1)
    above = np.cumsum(np.where(positive, weight, 0.0))[ends]
    below = np.cumsum(np.where(positive, 0.0, weight))[ends]
    return np.append(0.0, above), np.append(0.0, below)
