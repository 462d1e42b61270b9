"""Combinations of forecasts, weighed on backtests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from modelyard.automl.forecast.metrics import ForecastMetric, Truth

MOST_STEPS = 24
"""Of the greedy selection."""
MOST_MEMBERS = 7


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

    The mean of the three best is where it begins, so that few backtests do not crown one lucky candidate.
    """
    ranked = sorted(candidates, key=lambda number: loss(metric, truth, candidates[number]))
    counts: dict[int, int] = dict.fromkeys(ranked[:3], 1)
    total = np.sum([candidates[number] for number in counts], axis=0)
    size = len(counts)
    best, best_counts = loss(metric, truth, total / size), dict(counts)
    for _ in range(steps):
        allowed = candidates if len(counts) < MOST_MEMBERS else counts
        losses = {n: loss(metric, truth, (total + candidates[n]) / (size + 1)) for n in allowed}
        chosen = min(losses, key=lambda number: losses[number])
        total, size = total + candidates[chosen], size + 1
        counts[chosen] = counts.get(chosen, 0) + 1
        if losses[chosen] < best - 1e-12:
            best, best_counts = losses[chosen], dict(counts)
    chosen_size = sum(best_counts.values())
    members = tuple(sorted(best_counts))
    return Combination(members, tuple(best_counts[number] / chosen_size for number in members))


def medians(candidates: Mapping[int, np.ndarray], truth: Truth, metric: ForecastMetric) -> Combination | None:
    """The median of the best four or five, one for each of the greatest differences; None where there are too few."""
    ranked = sorted(candidates, key=lambda number: loss(metric, truth, candidates[number]))
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
