"""Truncation selection: at each interval stop the worst share of the trials."""

from __future__ import annotations

import math
from collections.abc import Sequence

from modelyard.domain.search_policy import TruncationSelectionPolicy
from modelyard.tuning.stopping_rule import Curve, Phase, StoppingRule, Verdict


class TruncationSelectionRule(StoppingRule):
    """Ranks the trials that have reached the interval by their value there; the last `truncation_percentage` go."""

    policy = TruncationSelectionPolicy

    def judge(self, trial: Curve, curves: Sequence[Curve]) -> Verdict:
        step = len(trial.values)
        if not self.settings.judges_at(step):
            return self.go_on(trial)
        ranked = [curve for curve in curves if self._ranked(curve, trial, step)]
        own = trial.values[step - 1]
        worse_or_equal = [curve for curve in ranked if not self.goal.better(curve.values[step - 1], own)]
        going = math.floor(len(ranked) * self.settings.truncation_percentage / 100)
        # `worse_or_equal` holds the trial itself: it is among the last `going` when no more than that are at its level.
        if going == 0 or len(worse_or_equal) > going:
            return self.go_on(trial)
        share = self.settings.truncation_percentage
        return self.stop(trial, f"its {own:.6g} is among the worst {share} % of {len(ranked)} trials at this interval")

    def _ranked(self, curve: Curve, trial: Curve, step: int) -> bool:
        if len(curve.values) < step:
            return False
        running = curve.phase is not Phase.FINISHED or not self.settings.exclude_finished_jobs
        return running or curve.number == trial.number
