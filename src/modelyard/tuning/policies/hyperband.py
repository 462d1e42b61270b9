"""Hyperband: several brackets of successive halving, from bold to careful (Li et al. 2018), run asynchronously.

Trial n belongs to one bracket for good; brackets get trials in the proportions of the paper's table.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from modelyard.domain.search_policy import HyperbandPolicy
from modelyard.tuning.rungs import Rungs
from modelyard.tuning.stopping_rule import Curve, StoppingRule, Verdict


class HyperbandRule(StoppingRule):
    policy = HyperbandPolicy

    def judge(self, trial: Curve, curves: Sequence[Curve]) -> Verdict:
        bracket = self.bracket_of(trial.number)
        return self._rungs(bracket).judge(trial, self._members(bracket, curves))

    def next_to_resume(self, curves: Sequence[Curve]) -> int | None:
        for bracket in range(self.bracket_count):
            found = self._rungs(bracket).promotable(self._members(bracket, curves))
            if found is not None:
                return found
        return None

    @property
    def bracket_count(self) -> int:
        settings = self.settings
        return int(math.log(settings.max_resource / settings.min_resource, settings.reduction_factor) + 1e-9) + 1

    def bracket_of(self, number: int) -> int:
        """Bracket 0 has the earliest first rung. A cycle holds every bracket in the paper's proportions."""
        sizes = [self._size(bracket) for bracket in range(self.bracket_count)]
        place = number % sum(sizes)
        for bracket, size in enumerate(sizes):
            if place < size:
                return bracket
            place -= size
        raise AssertionError("a place lies in some bracket")

    def _size(self, bracket: int) -> int:
        """Trials that a bracket starts with: ceil((s_max + 1) / (s + 1) * eta^s)."""
        s = self.bracket_count - 1 - bracket
        eta = float(self.settings.reduction_factor)
        return math.ceil(self.bracket_count / (s + 1) * eta**s)

    def _rungs(self, bracket: int) -> Rungs:
        settings = self.settings
        first = settings.min_resource * settings.reduction_factor**bracket
        return Rungs(self, first, settings.max_resource, settings.reduction_factor, settings.pause)

    def _members(self, bracket: int, curves: Sequence[Curve]) -> Sequence[Curve]:
        return [curve for curve in curves if self.bracket_of(curve.number) == bracket]
