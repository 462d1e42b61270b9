"""Rungs of successive halving: levels of logged values at which only the best share goes on."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from modelyard.tuning.stopping_rule import Action, Curve, Phase, StoppingRule, Verdict


@dataclass(frozen=True)
class Rungs:
    """Rung k lies at first * factor^k logged values, below `highest`. Ranks are of the best value up to the rung."""

    rule: StoppingRule
    first: int
    highest: float
    factor: int
    pause: bool

    def judge(self, trial: Curve, curves: Sequence[Curve]) -> Verdict:
        """At a rung a trial pauses (promotion decides), or stops unless it is in the top share there; at the highest
        level it has had its full resource and goes on to its own end."""
        level = len(trial.values)
        if level not in self._levels(level):
            return self.rule.go_on(trial)
        reached = [curve for curve in curves if len(curve.values) >= level]
        if trial.number in self._top(reached, level):
            return self.rule.go_on(trial)
        own = trial.best(self.rule.goal)
        reason = f"its best {own:.6g} is not in the top 1/{self.factor} of {len(reached)} trials at rung {level}"
        return Verdict(Action.PAUSE if self.pause else Action.STOP, level, reason)

    def promotable(self, curves: Sequence[Curve]) -> int | None:
        """The best paused trial that has come into the top share of its rung, highest rung first."""
        longest = max((len(curve.values) for curve in curves), default=0)
        for level in reversed(list(self._levels(longest))):
            reached = [curve for curve in curves if len(curve.values) >= level]
            top = self._top(reached, level)
            waiting = {curve.number for curve in reached if curve.phase is Phase.PAUSED and self._level(curve) == level}
            found = next((number for number in top if number in waiting), None)
            if found is not None:
                return found
        return None

    def _level(self, curve: Curve) -> int:
        """The last rung that a trial has passed or stands at; 0 before the first."""
        return max(self._levels(len(curve.values)), default=0)

    def _top(self, reached: Sequence[Curve], level: int) -> list[int]:
        """Numbers of the best 1/factor of the trials that reached a rung, best first; NaN is last."""
        ranked = sorted(reached, key=lambda curve: self._rank(curve, level))
        return [curve.number for curve in ranked[: len(ranked) // self.factor]]

    def _rank(self, curve: Curve, level: int) -> tuple[bool, float, int]:
        value = curve.best(self.rule.goal, level)
        sign = -1.0 if self.rule.goal.better(1.0, 0.0) else 1.0
        return (math.isnan(value), 0.0 if math.isnan(value) else sign * value, curve.number)

    def _levels(self, until: int) -> Iterator[int]:
        level = self.first
        while level <= until and level < self.highest:
            yield level
            level *= self.factor
