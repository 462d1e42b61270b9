"""ASHA: asynchronous successive halving with promotion (Li et al. 2020, "A System for Massively Parallel
Hyperparameter Tuning", algorithm 2). A trial pauses at each rung; a free place goes to the best promotable one."""

from __future__ import annotations

import math
from collections.abc import Sequence

from modelyard.domain.search_policy import AshaPolicy
from modelyard.tuning.rungs import Rungs
from modelyard.tuning.stopping_rule import Curve, StoppingRule, Verdict


class AshaRule(StoppingRule):
    """With `pause` off it is the stopping variant: a trial at a rung goes on if it is in the top share there so far."""

    policy = AshaPolicy

    def judge(self, trial: Curve, curves: Sequence[Curve]) -> Verdict:
        return self._rungs.judge(trial, curves)

    def next_to_resume(self, curves: Sequence[Curve]) -> int | None:
        return self._rungs.promotable(curves)

    @property
    def _rungs(self) -> Rungs:
        settings = self.settings
        highest = settings.max_resource or math.inf
        return Rungs(self, settings.min_resource, highest, settings.reduction_factor, settings.pause)
