"""Scores of class probabilities, as Azure ML and scikit-learn define them.

`target` (rows,) holds class numbers, `probability` (rows, classes) sums to 1 in each row, `weight` (rows,) or None.
A score over classes leaves out those that the rows do not hold: a fold may miss a rare class.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from modelyard.automl.validate.ranking import average_precision, roc_auc

Array = np.ndarray
_ByClass = Callable[[Array, Array, Array | None], float]
_TINY = 1e-15


def _over_classes(score: _ByClass, average: str) -> Callable[[Array, Array, Array | None], float]:
    """One class against the rest, averaged: `weighted` by the rows of each class, `macro` evenly, `micro` pooled."""

    def averaged(target: Array, probability: Array, weight: Array | None) -> float:
        classes = probability.shape[1]
        truth = target[:, None] == np.arange(classes)
        if average == "micro":
            pooled = None if weight is None else np.repeat(weight, classes)
            return score(truth.ravel(), probability.ravel(), pooled)
        rows = np.ones(len(target)) if weight is None else weight
        found = [
            (float(rows[truth[:, k]].sum()), score(truth[:, k], probability[:, k], weight)) for k in range(classes)
        ]
        kept = [(size, value) for size, value in found if size > 0 and not np.isnan(value)]
        if not kept:
            return float("nan")
        sizes, values = np.array(kept).T
        return float(np.average(values, weights=sizes if average == "weighted" else None))

    return averaged


def _auc(average: str) -> Callable[[Array, Array, Array | None], float]:
    several = _over_classes(roc_auc, average)

    def auc(target: Array, probability: Array, weight: Array | None) -> float:
        # Two classes against each other have one and the same area.
        if probability.shape[1] == 2 and average != "micro":
            return roc_auc(target == 1, probability[:, 1], weight)
        return several(target, probability, weight)

    return auc


auc_weighted, auc_macro, auc_micro = _auc("weighted"), _auc("macro"), _auc("micro")
average_precision_weighted = _over_classes(average_precision, "weighted")
average_precision_macro = _over_classes(average_precision, "macro")
average_precision_micro = _over_classes(average_precision, "micro")


def auc_binary(target: Array, probability: Array, weight: Array | None) -> float:
    return roc_auc(target == 1, probability[:, 1], weight)


def average_precision_binary(target: Array, probability: Array, weight: Array | None) -> float:
    return average_precision(target == 1, probability[:, 1], weight)


def log_loss(target: Array, probability: Array, weight: Array | None) -> float:
    """Mean negative logarithm of the probability of the true class; probabilities are kept off 0 by 1e-15."""
    share = probability / probability.sum(axis=1, keepdims=True)
    chosen = np.clip(share[np.arange(len(target)), target], _TINY, 1.0)
    return float(np.average(-np.log(chosen), weights=weight))


def brier(target: Array, probability: Array, weight: Array | None) -> float:
    """Mean squared distance to the truth; for two classes that of the positive one alone (Brier 1950, halved)."""
    truth = (target[:, None] == np.arange(probability.shape[1])).astype(float)
    distance = ((probability - truth) ** 2).sum(axis=1)
    return float(np.average(distance / (2.0 if probability.shape[1] == 2 else 1.0), weights=weight))


def accuracy(target: Array, probability: Array, weight: Array | None) -> float:
    return float(np.average(probability.argmax(axis=1) == target, weights=weight))


def weighted_accuracy(target: Array, probability: Array, weight: Array | None) -> float:
    """Accuracy where a row counts by the size of its class (Azure ML)."""
    rows = np.ones(len(target)) if weight is None else weight
    sizes = np.bincount(target, rows, probability.shape[1])
    return accuracy(target, probability, rows * sizes[target])


def confusion(target: Array, probability: Array, weight: Array | None) -> Array:
    """(classes, classes): weight of the rows of class i that were taken for class j."""
    classes = probability.shape[1]
    cell = target * classes + probability.argmax(axis=1)
    return np.bincount(cell, weight, classes * classes).reshape(classes, classes).astype(float)


def balanced_accuracy(target: Array, probability: Array, weight: Array | None) -> float:
    """Mean recall of the classes that are there."""
    table = confusion(target, probability, weight)
    sizes = table.sum(axis=1)
    return float((np.diag(table)[sizes > 0] / sizes[sizes > 0]).mean())


def norm_macro_recall(target: Array, probability: Array, weight: Array | None) -> float:
    """Mean recall, moved so that chance is 0 and perfection 1 (Azure ML)."""
    chance = 1.0 / probability.shape[1]
    return float((balanced_accuracy(target, probability, weight) - chance) / (1.0 - chance))


def matthews_correlation(target: Array, probability: Array, weight: Array | None) -> float:
    """Correlation of truth and choice over all classes (Gorodkin 2004); 0 where one of them is constant."""
    table = confusion(target, probability, weight)
    true, taken, total = table.sum(axis=1), table.sum(axis=0), table.sum()
    spread = (total**2 - (taken**2).sum()) * (total**2 - (true**2).sum())
    return float((np.trace(table) * total - true @ taken) / np.sqrt(spread)) if spread > 0 else 0.0


def _by_class(table: Array) -> tuple[Array, Array, Array]:
    """Precision, recall and F1 of each class; 0 where there is nothing to divide by."""
    hits, taken, true = np.diag(table), table.sum(axis=0), table.sum(axis=1)
    precision = np.divide(hits, taken, out=np.zeros_like(hits), where=taken > 0)
    recall = np.divide(hits, true, out=np.zeros_like(hits), where=true > 0)
    f1 = np.divide(2 * hits, taken + true, out=np.zeros_like(hits), where=taken + true > 0)
    return precision, recall, f1


def of_classes(which: str, average: str) -> Callable[[Array, Array, Array | None], float]:
    """`which` is precision, recall or f1; `average` weighted, macro, micro, or binary (that of class 1)."""
    index = ("precision", "recall", "f1").index(which)

    def score(target: Array, probability: Array, weight: Array | None) -> float:
        table = confusion(target, probability, weight)
        values, sizes = _by_class(table)[index], table.sum(axis=1)
        if average == "micro":
            return float(np.trace(table) / table.sum())
        if average == "binary":
            return float(values[1])
        there = (sizes > 0) | (table.sum(axis=0) > 0)
        return float(np.average(values[there], weights=sizes[there] if average == "weighted" else None))

    return score
