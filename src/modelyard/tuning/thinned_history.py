"""The estimator over a bounded part of a long history, so that a suggestion costs the same after 10,000 trials."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.samplers import TPESampler
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

# Beyond so many trials the estimator sees the best, the newest and an even selection of the others. It models at most
# 25 trials as good ones (Optuna's gamma), so that none of those is ever left out.
MOST_TRIALS = 1000
_BEST = 100
_NEWEST = 100
_FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)


class ThinnedTPESampler(TPESampler):
    """Optuna's estimator; with one objective and a long history it is shown a part of the trials.

    The part depends on the trials alone: a search that was interrupted goes on with the same proposals.
    """

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        return super().infer_relative_search_space(_seen(study), trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        return super().sample_relative(_seen(study), trial, search_space)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        return super().sample_independent(_seen(study), trial, param_name, param_distribution)


def thinned(trials: Sequence[FrozenTrial], direction: StudyDirection) -> list[FrozenTrial]:
    """At most about `MOST_TRIALS` of the finished trials, in their order, and every one that is not finished."""
    finished = [trial for trial in trials if trial.state in _FINISHED]
    if len(finished) <= MOST_TRIALS:
        return list(trials)
    sign = -1.0 if direction is StudyDirection.MAXIMIZE else 1.0
    ranked = sorted(
        finished, key=lambda trial: (sign * float((trial.values or [sign * float("inf")])[0]), trial.number)
    )
    kept = {trial.number for trial in (*ranked[:_BEST], *finished[-_NEWEST:])}
    others = [trial.number for trial in finished if trial.number not in kept]
    room = MOST_TRIALS - len(kept)
    kept |= {others[place * len(others) // room] for place in range(room)}
    return [trial for trial in trials if trial.number in kept or trial.state is TrialState.RUNNING]


def _seen(study: Study) -> Any:
    if len(study.directions) != 1 or len(study.get_trials(deepcopy=False)) <= MOST_TRIALS:
        return study
    return study if isinstance(study, _ThinnedStudy) else _ThinnedStudy(study)


class _ThinnedStudy:
    """A study as the estimator sees it: everything of the whole one but its list of trials."""

    def __init__(self, whole: Study) -> None:
        self._whole = whole
        self._trials = thinned(whole.get_trials(deepcopy=False), whole.direction)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._whole, name)

    def get_trials(self, deepcopy: bool = True, states: Sequence[TrialState] | None = None) -> list[FrozenTrial]:
        return self._get_trials(deepcopy, states)

    def _get_trials(
        self, deepcopy: bool = True, states: Sequence[TrialState] | None = None, use_cache: bool = False
    ) -> list[FrozenTrial]:
        return [trial for trial in self._trials if states is None or trial.state in states]
