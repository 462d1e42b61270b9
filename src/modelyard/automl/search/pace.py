"""What fits the time that is left: further folds, further candidates, and the refits that follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from modelyard.automl.plan.budget import Budget
from modelyard.automl.plan.settings import Limits
from modelyard.automl.search.candidate import Candidate
from modelyard.automl.search.table import ALL_ROWS, Table

MOST_OF_ALL_TIME = 0.3
"""Of the budget, for one fold of one candidate."""
MOST_MODELS = 12
"""Of a winner: more of them cost latency and size."""
_MOST_OF_A_REFIT = 0.2
# Learners that come out differently with another seed, without being a forest already.
_VARYING = frozenset({"LightGBM", "XGBoost", "CatBoost", "NeuralNetwork"})
_REPEATS_SHARE = 0.03
_ARRIVAL_SHARE = 0.02
_MOST_REPEATS = 5


@dataclass(frozen=True)
class Pace:
    table: Table
    budget: Budget
    limits: Limits
    workers: int
    after_seconds: float
    """What finishing takes beside the refits."""

    @property
    def arrival_seconds(self) -> float:
        """Who stops at the end of the search has this long to predict and to be heard."""
        return _ARRIVAL_SHARE * self.budget.seconds + 0.1

    @property
    def fitting_left(self) -> float:
        """Until a fit that is begun now must have ended."""
        return self.budget.search_left - self.arrival_seconds

    def most_seconds(self, folds: int) -> float:
        """The longest fit of a fold that a new candidate may need, so that it can be judged on so many."""
        rounds = -(-folds // self.workers)
        within = self.limits.trial_timeout_seconds
        left = min(0.8 * self.fitting_left, within or float("inf")) / max(1, rounds)
        return min(left, MOST_OF_ALL_TIME * self.budget.seconds)

    def fits(self, seconds: float) -> bool:
        """Whether a fit that is expected to take so long may be begun."""
        return seconds * 0.8 <= self.fitting_left

    def refit_seconds(self, candidate: Candidate) -> float:
        """Of its fit to all rows, expected."""
        growth = len(self.table.fold(ALL_ROWS).train) / max(1, len(self.table.fold(0).train))
        featurized = max(outcome.featurize_seconds for outcome in candidate.outcomes.values())
        return float(candidate.fold_seconds * growth**1.3 * 1.1 + min(featurized * growth, 5.0) + 0.02)

    def repeats(self, candidate: Candidate, members: int) -> int:
        """How often it is fitted to all rows: with other seeds too, where that costs next to nothing. The mean of a few
        such fits is what bagging gives for one."""
        if candidate.algorithm not in _VARYING:
            return 1
        affordable = int(_REPEATS_SHARE * self.budget.seconds / max(1e-3, self.refit_seconds(candidate)))
        return max(1, min(_MOST_REPEATS, MOST_MODELS // max(1, members), affordable))

    def finishing_seconds(self, members: Sequence[Candidate]) -> float:
        """For ensembling, measures, and the refits of an ensemble of these, but for those that are too dear: they keep
        the models of their folds."""
        expected = [self.refit_seconds(one) for one in members for _ in range(self.repeats(one, len(members)))]
        loads = [0.0] * self.workers
        for seconds in sorted(expected, reverse=True):
            if seconds <= _MOST_OF_A_REFIT * self.budget.seconds:
                loads[loads.index(min(loads))] += seconds
        return max(loads) + self.after_seconds
