"""Population based training (Jaderberg et al. 2017): the worst trials go on from the checkpoints of good ones."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

from modelyard.domain.search_policy import PbtPolicy
from modelyard.tuning.stopping_rule import Action, Curve, Phase, Source, StoppingRule, Verdict


class PbtRule(StoppingRule):
    """Ranks the unfinished trials that reached an interval by their value there.

    A trial of the lowest quantile pauses, and takes a trial of the highest as its source when it gets a place again.
    Where there are more trials than places, every trial gives its place at an interval to those that are behind, so
    that the population advances together.
    """

    policy = PbtPolicy
    new_first = True

    def judge(self, trial: Curve, curves: Sequence[Curve]) -> Verdict:
        step = len(trial.values)
        if not self._judges_at(step):
            return self.go_on(trial)
        ranked = self._ranked(trial, curves, step)
        if self._is_low(trial, ranked):
            return Verdict(Action.PAUSE, step, self._words(trial, ranked, step))
        if self._others_wait(trial, curves):
            return Verdict(Action.PAUSE, step, "others are to come as far")
        return self.go_on(trial)

    def next_to_resume(self, curves: Sequence[Curve]) -> int | None:
        """The paused trial that has come least far."""
        paused = [(len(curve.values), curve.number) for curve in curves if curve.phase is Phase.PAUSED]
        return min(paused)[1] if paused else None

    def source(self, trial: Curve, curves: Sequence[Curve]) -> Source | None:
        """A trial of the highest quantile, by chance, for one of the lowest that is worse than it."""
        step = next((step for step in range(len(trial.values), 0, -1) if self._judges_at(step)), None)
        if step is None:
            return None
        ranked = self._ranked(trial, curves, step)
        if not self._is_low(trial, ranked):
            return None
        own = trial.values[step - 1]
        best = [curve for curve in ranked[: self._share(ranked)] if self.goal.better(curve.values[step - 1], own)]
        if not best:
            return None
        chosen = random.Random(f"{self._seed}/{trial.number}/{len(trial.values)}").choice(best)
        return Source(chosen.number, self._words(trial, ranked, step))

    @property
    def _seed(self) -> int:
        given = self.settings.seed
        return self.population.seed if given is None else int(given)

    def _judges_at(self, step: int) -> bool:
        whole = self.settings.max_resource
        return self.settings.judges_at(step) and (whole is None or step < whole)

    def _ranked(self, trial: Curve, curves: Sequence[Curve], step: int) -> list[Curve]:
        """Best first; NaN is last."""
        others = [curve for curve in curves if curve.number != trial.number and curve.phase is not Phase.FINISHED]
        reached = [curve for curve in [*others, trial] if len(curve.values) >= step]
        sign = -1.0 if self.goal.better(1.0, 0.0) else 1.0

        def rank(curve: Curve) -> tuple[bool, float, int]:
            value = curve.values[step - 1]
            return (math.isnan(value), 0.0 if math.isnan(value) else sign * value, curve.number)

        return sorted(reached, key=rank)

    def _share(self, ranked: Sequence[Curve]) -> int:
        quantile = float(self.settings.quantile_fraction)
        return min(math.ceil(len(ranked) * quantile), len(ranked) // 2)

    def _is_low(self, trial: Curve, ranked: Sequence[Curve]) -> bool:
        share = self._share(ranked)
        return share > 0 and trial.number in {curve.number for curve in ranked[-share:]}

    def _others_wait(self, trial: Curve, curves: Sequence[Curve]) -> bool:
        """Whether a trial without a place is behind: one that paused earlier, or one that has not begun."""
        if self.population.places >= self.population.trials > 0:
            return False
        unborn = len(curves) < self.population.trials
        return unborn or any(curve.phase is Phase.PAUSED and len(curve.values) < len(trial.values) for curve in curves)

    def _words(self, trial: Curve, ranked: Sequence[Curve], step: int) -> str:
        own = trial.values[step - 1]
        return f"its {own:.6g} is among the worst {self._share(ranked)} of {len(ranked)} trials at interval {step}"
