"""Bandit: stop what is worse than the best trial by more than a slack."""

from __future__ import annotations

import math
from collections.abc import Sequence

from modelyard.domain.search_policy import BanditPolicy, Goal
from modelyard.tuning.stopping_rule import Curve, StoppingRule, Verdict


class BanditRule(StoppingRule):
    """Compares best so far with best overall at the same interval.

    With a factor f the limit is best / (1 + f) to maximise and best * (1 + f) to minimise, as documented for
    Azure ML. The formula is meant for positive metrics: of a negative best it would take a limit better than the best
    itself, so there the slack is f * |best|: a trial equal to the best is never stopped.
    """

    policy = BanditPolicy

    def judge(self, trial: Curve, curves: Sequence[Curve]) -> Verdict:
        step = len(trial.values)
        if not self.settings.judges_at(step):
            return self.go_on(trial)
        bests = [curve.best(self.goal, step) for curve in curves]
        known = [best for best in bests if not math.isnan(best)]
        if not known:
            return self.go_on(trial)
        best = max(known) if self.goal is Goal.MAXIMIZE else min(known)
        limit, own = self.limit(best), trial.best(self.goal)
        if not self.goal.better(limit, own):
            return self.go_on(trial)
        return self.stop(
            trial, f"its best {own:.6g} is worse than {limit:.6g}, the slack allowed beside the best {best:.6g}"
        )

    def limit(self, best: float) -> float:
        """The worst value that may go on beside `best`."""
        if self.settings.slack_amount:
            slack = self.settings.slack_amount
        elif self.goal is Goal.MAXIMIZE and best > 0:
            slack = best - best / (1 + self.settings.slack_factor)
        else:
            slack = abs(best) * self.settings.slack_factor
        return float(best - slack if self.goal is Goal.MAXIMIZE else best + slack)
