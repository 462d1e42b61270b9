"""Charts of class probabilities: confusion, ROC, precision and recall, calibration, gain and lift."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

Array = np.ndarray
POINTS = 200
"""Most points of a curve."""
_MOST_CURVES = 12
"""Classes beyond it, the rarest first, share the averaged curve alone."""
_MOST_LABELS = 60
_BINS = 10
AVERAGE = "micro average"


def confusion(target: Array, probability: Array, labels: Sequence[str]) -> dict[str, Any]:
    """`matrix[true][told]`, rows; of many classes those of most rows, the others as one."""
    told, classes = probability.argmax(axis=1), probability.shape[1]
    names = list(labels)
    if classes > _MOST_LABELS:
        kept = np.sort(np.argsort(-np.bincount(target, minlength=classes), kind="stable")[: _MOST_LABELS - 1])
        place = np.full(classes, len(kept))
        place[kept] = np.arange(len(kept))
        target, told, classes = place[target], place[told], len(kept) + 1
        names = [names[index] for index in kept] + ["(others)"]
    matrix = np.bincount(target * classes + told, minlength=classes**2).reshape(classes, classes)
    return {"class_labels": names, "matrix": matrix.tolist()}


def curves(target: Array, probability: Array, labels: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """By chart, one curve a class (of two classes the second alone) and their micro average for several classes."""
    found: dict[str, list[dict[str, Any]]] = {"roc": [], "precision_recall": [], "gain": [], "lift": []}
    for label, positive, score in _against_the_rest(target, probability, labels):
        if not positive.any() or positive.all():
            continue
        above, below = _cumulated(positive, score)
        hits, misses, rows = above[-1], below[-1], len(score)
        taken = above + below
        recall, chosen = above / hits, taken / rows
        precision = np.divide(above, taken, out=np.ones(len(taken)), where=taken > 0)
        lift = precision * rows / hits
        steps = np.diff(recall, prepend=0.0)
        found["roc"].append(
            {"label": label, **_points(below / misses, recall), "area": float(np.trapezoid(recall, below / misses))}
        )
        found["precision_recall"].append(
            {"label": label, **_points(recall, precision), "average_precision": float((steps * precision).sum()),
             "share": hits / rows}
        )  # fmt: skip
        found["gain"].append({"label": label, **_points(chosen, recall)})
        found["lift"].append({"label": label, **_points(chosen[1:], lift[1:])})
    return found


def calibration(target: Array, probability: Array, labels: Sequence[str]) -> list[dict[str, Any]]:
    """One curve a class: mean probability and share of the class, in bins of equal rows."""
    found = []
    for label, positive, score in _against_the_rest(target, probability, labels):
        order = np.argsort(score, kind="stable")
        parts = [part for part in np.array_split(order, min(_BINS, len(order))) if len(part)]
        told = [float(score[part].mean()) for part in parts]
        seen = [float(positive[part].mean()) for part in parts]
        found.append({"label": label, "x": told, "y": seen, "rows": [len(part) for part in parts]})
    return found


def _against_the_rest(target: Array, probability: Array, labels: Sequence[str]) -> Iterator[tuple[str, Array, Array]]:
    classes = probability.shape[1]
    if classes == 2:
        yield labels[1], target == 1, probability[:, 1]
        return
    counts = np.bincount(target, minlength=classes)
    for index in np.sort(np.argsort(-counts, kind="stable")[:_MOST_CURVES]):
        yield labels[index], target == index, probability[:, index]
    yield AVERAGE, (target[:, None] == np.arange(classes)).ravel(), probability.ravel()


def _cumulated(positive: Array, score: Array) -> tuple[Array, Array]:
    """Positive and negative rows at or above each distinct score, highest first, with a 0 before."""
    order = np.argsort(-score, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(score[order])), len(score) - 1)
    above = np.cumsum(positive[order])[ends].astype(float)
    return np.append(0.0, above), np.append(0.0, ends + 1 - above)


def _points(x: Array, y: Array) -> dict[str, list[float]]:
    """At most POINTS of a curve: evenly along its length, first and last among them."""
    if len(x) > POINTS:
        length = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y)))])
        places = np.unique(np.searchsorted(length, np.linspace(0.0, length[-1], POINTS)).clip(0, len(x) - 1))
        x, y = x[places], y[places]
    return {"x": np.round(x, 6).tolist(), "y": np.round(y, 6).tolist()}
