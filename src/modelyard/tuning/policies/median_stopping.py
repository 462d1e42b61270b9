"""Median stopping: stop what is worse than the median of all trials' running averages (Golovin et al. 2017)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median

from modelyard.domain.search_policy import MedianStoppingPolicy
from modelyard.tuning.stopping_rule import Curve, StoppingRule, Verdict


class MedianStoppingRule(StoppingRule):
    """The trial's best value against the median over the other trials of their averages up to the same interval."""

    policy = MedianStoppingPolicy

    def judge(self, trial: Curve, curves: Sequence[Curve]) -> Verdict:
        step = len(trial.values)
        if not self.settings.judges_at(step):
            return self.go_on(trial)
        averages = [_average(curve, step) for curve in curves if curve.number != trial.number]
        known = [average for average in averages if not math.isnan(average)]
        if not known:
            return self.go_on(trial)
        middle, own = median(known), trial.best(self.goal)
        if not self.goal.better(middle, own):
            return self.go_on(trial)
        return self.stop(
            trial, f"its best {own:.6g} is worse than {middle:.6g}, the median of {len(known)} running averages"
        )


def _average(curve: Curve, step: int) -> float:
    """The mean of the first `step` values; NaN for a trial that has not come so far, or logged both infinities."""
    if len(curve.values) < step:
        return math.nan
    usable = [value for value in curve.values[:step] if not math.isnan(value)]
    return sum(usable) / len(usable) if usable else math.nan
