"""Combinations of forecasts, weighed on backtests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from modelyard.automl.forecast.metrics import ForecastMetric, Truth

MOST_STEPS = 24
"""Of the greedy selection."""
MOST_MEMBERS = 8
FIRST_MEMBERS = 5
"""The best ones, weighed alike, that the selection begins with."""
NEAR = 1.15
"""Of the least loss, for a candidate to be among the first."""
LEAST_GAIN = 2e-3
"""Share of the loss that a step must save: less is chance."""


@dataclass(frozen=True)
class Combination:
    """A weighted mean of members, or their median; a single member is its own combination."""

    members: tuple[int, ...]
    """Numbers of trials."""
    weights: tuple[float, ...]
    median: bool = False

    def of(self, forecasts: Sequence[np.ndarray]) -> np.ndarray:
        """Forecasts of the members, in their order, as one."""
        if len(forecasts) == 1:
            return forecasts[0]
        if self.median:
            return np.asarray(np.median(np.stack(forecasts), axis=0))
        return np.asarray(np.tensordot(np.array(self.weights), np.stack(forecasts), axes=1))


def loss(metric: ForecastMetric, truth: Truth, forecast: np.ndarray) -> float:
    """The metric with less being better; infinite where it is not a number."""
    found = metric.score(truth, forecast)
    if not np.isfinite(found):
        return float("inf")
    return -found if metric.greater_is_better else found


def greedy(
    candidates: Mapping[int, np.ndarray], truth: Truth, metric: ForecastMetric, steps: int = MOST_STEPS
) -> Combination:
    """Caruana et al. 2004: add, with replacement, what helps most; the best prefix stays.

    The mean of the best few is where it begins: with few backtests equal weights are hard to beat (Claeskens et al.
    2016, "The forecast combination puzzle"), and no lucky candidate is crowned.
    """
    losses = {number: loss(metric, truth, forecasts) for number, forecasts in candidates.items()}
    counts = dict.fromkeys(_nearest(losses, FIRST_MEMBERS), 1)
    total = np.sum([candidates[number] for number in counts], axis=0)
    size = len(counts)
    best, best_counts = loss(metric, truth, total / size), dict(counts)
    for _ in range(steps):
        allowed = candidates if len(counts) < MOST_MEMBERS else counts
        found = {n: loss(metric, truth, (total + candidates[n]) / (size + 1)) for n in allowed}
        chosen = min(found, key=lambda number: found[number])
        total, size = total + candidates[chosen], size + 1
        counts[chosen] = counts.get(chosen, 0) + 1
        if found[chosen] < best - LEAST_GAIN * abs(best):
            best, best_counts = found[chosen], dict(counts)
    members = tuple(sorted(best_counts))
    chosen_size = sum(best_counts.values())
    return Combination(members, tuple(best_counts[number] / chosen_size for number in members))


def _nearest(losses: Mapping[int, float], most: int) -> list[int]:
    """The best, and those next to it that are not much worse."""
    ranked = sorted(losses, key=lambda number: losses[number])
    least = losses[ranked[0]]
    limit = least + (NEAR - 1) * abs(least)
    return [number for number in ranked[:most] if losses[number] <= limit or number == ranked[0]]


def means(candidates: Mapping[int, np.ndarray], truth: Truth, metric: ForecastMetric) -> Combination | None:
    """The best few with equal weights; None where one stands alone."""
    losses = {number: loss(metric, truth, forecasts) for number, forecasts in candidates.items()}
    members = tuple(sorted(_nearest(losses, FIRST_MEMBERS)))
    if len(members) < 2:
        return None
    return Combination(members, tuple(1 / len(members) for _ in members))


def medians(candidates: Mapping[int, np.ndarray], truth: Truth, metric: ForecastMetric) -> Combination | None:
    """The median of the best three to six that are near each other; None where there are too few."""
    ranked = _nearest({n: loss(metric, truth, forecasts) for n, forecasts in candidates.items()}, 6)
    best: Combination | None = None
    best_loss = float("inf")
    for count in (3, 4, 5, 6):
        if len(ranked) < count:
            break
        chosen = tuple(sorted(ranked[:count]))
        one = Combination(chosen, tuple(1 / count for _ in chosen), median=True)
        found = loss(metric, truth, one.of([candidates[number] for number in chosen]))
        if found < best_loss:
            best, best_loss = one, found
    return best
