"""How sure a score is: bootstrap intervals, and scores freed of the luck of having been chosen."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from modelyard.automl.ensemble.greedy import greedy_weights, held_rows
from modelyard.automl.validate.metrics import Metric

Array = np.ndarray
_MOST_ROWS = 20_000


@dataclass(frozen=True)
class Estimate:
    score: float
    low: float
    high: float
    """Of the 95 % interval."""
    method: str


def bootstrap(
    metric: Metric,
    target: Array,
    prediction: Array,
    weight: Array | None = None,
    *,
    repeats: int = 200,
    seconds: float = 1.0,
    seed: int = 0,
) -> Estimate:
    """Percentile bootstrap over the rows (Efron and Tibshirani 1993), with as many repeats as the time allows."""
    random = np.random.default_rng(seed)
    end = time.monotonic() + seconds
    found = []
    for made in range(repeats):
        drawn = random.integers(0, len(target), len(target))
        found.append(metric.score(target[drawn], prediction[drawn], None if weight is None else weight[drawn]))
        if made >= 19 and time.monotonic() > end:
            break
    score = metric.score(target, prediction, weight)
    low, high = _percentiles(found, score)
    return Estimate(score, low, high, f"bootstrap of {len(found)} repeats on {len(target)} rows not learnt from")


def corrected(
    metric: Metric,
    target: Array,
    predictions: Sequence[Array],
    weight: Array | None = None,
    *,
    ensemble: bool = True,
    repeats: int = 40,
    seconds: float = 2.0,
    seed: int = 0,
) -> Estimate:
    """The score to expect of what is chosen from these out-of-fold predictions, choice included.

    Bootstrap bias corrected cross-validation (Tsamardinos, Greasidou and Borboudakis 2018): rows are drawn with
    replacement, the choice (the best candidate, or the weights of the ensemble) is made on them, and scored on the rows
    not drawn. Rows without a prediction of every candidate are left out.
    """
    random = np.random.default_rng(seed)
    rows = _some(np.flatnonzero(held_rows(predictions)), random)
    goal, own = target[rows], None if weight is None else weight[rows]
    stack = [np.asarray(prediction[rows], dtype=float) for prediction in predictions]
    end = time.monotonic() + seconds
    found: list[float] = []
    for made in range(repeats):
        drawn = random.integers(0, len(rows), len(rows))
        left = np.setdiff1d(np.arange(len(rows)), drawn)
        inside = None if own is None else own[drawn]
        weights = _chosen(metric, goal[drawn], [one[drawn] for one in stack], inside, ensemble=ensemble, end=end)
        mean = sum(share * one[left] for share, one in zip(weights, stack, strict=True) if share)
        found.append(metric.score(goal[left], np.asarray(mean), None if own is None else own[left]))
        if made >= 4 and time.monotonic() > end:
            break
    value = float(np.nanmean(found)) if np.isfinite(found).any() else float("nan")
    low, high = _percentiles(found, value)
    return Estimate(value, low, high, f"bias-corrected cross-validation, {len(found)} repeats on {len(rows)} rows")


def _chosen(
    metric: Metric, target: Array, stack: Sequence[Array], weight: Array | None, *, ensemble: bool, end: float
) -> Array:
    if ensemble and len(stack) > 1:
        better = metric.greater_is_better
        return greedy_weights(
            stack, target, metric.score, greater_is_better=better, weight=weight, rounds=12, deadline=end
        )
    losses = [metric.loss(metric.score(target, one, weight)) for one in stack]
    return np.asarray(np.arange(len(stack)) == int(np.argmin(losses)), dtype=float)


def _some(rows: Array, random: np.random.Generator) -> Array:
    """At most so many rows that a score takes milliseconds; the interval of fewer rows is wider, never narrower."""
    return rows if len(rows) <= _MOST_ROWS else np.sort(random.choice(rows, _MOST_ROWS, replace=False))


def _percentiles(found: Sequence[float], score: float) -> tuple[float, float]:
    kept = np.asarray(found, dtype=float)
    kept = kept[np.isfinite(kept)]
    if not len(kept):
        return score, score
    return float(np.percentile(kept, 2.5)), float(np.percentile(kept, 97.5))
