"""The estimator over a bounded part of a long history, so that a suggestion costs the same after 10,000 trials."""

from __future__ import annotations

from bisect import insort
from collections.abc import Mapping, Sequence
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.samplers import TPESampler
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

# Beyond so many trials the estimator sees the best, the newest and an even selection of the others. It models at most
# 25 trials as good ones (Optuna's gamma), so that none of those is ever left out.
MOST_TRIALS = 600
_BEST = 100
_NEWEST = 100
_FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)


class ThinnedHistory:
    """Follows the trials of one study; each look costs what is new, not what there is. Not safe for several threads.

    The part that is shown depends on the trials alone: a search that was interrupted goes on with the same proposals.
    """

    def __init__(self) -> None:
        self._study: Study | None = None
        self._forget()

    def seen(self, study: Study) -> Any:
        """The study as a sampler is to see it: the whole one while it is short, or has several objectives."""
        if len(study.directions) != 1:
            return study
        if self._study is None or self._study._storage is not study._storage:
            self._study = study
            self._forget()
        trials = study.get_trials(deepcopy=False)
        self._follow(trials, study.direction)
        if len(self._finished) <= MOST_TRIALS:
            return study
        return _ThinnedStudy(study, [trials[place] for place in sorted({*self._selected(), *self._open})])

    def _forget(self) -> None:
        self._known = 0
        self._open: list[int] = []
        self._finished: list[int] = []
        self._ranked: list[tuple[float, int]] = []

    def _follow(self, trials: Sequence[FrozenTrial], direction: StudyDirection) -> None:
        """Take in the trials that were begun or ended since the last look."""
        sign = -1.0 if direction is StudyDirection.MAXIMIZE else 1.0
        candidates = [*self._open, *range(self._known, len(trials))]
        self._known, self._open = len(trials), []
        for place in candidates:
            trial = trials[place]
            if trial.state in _FINISHED:
                insort(self._finished, place)
                insort(self._ranked, (sign * float(trial.values[0]) if trial.values else float("inf"), place))
            elif not trial.state.is_finished():
                self._open.append(place)

    def _selected(self) -> set[int]:
        """Places of the best, the newest, and of every n-th of all."""
        kept = {place for _, place in self._ranked[:_BEST]} | set(self._finished[-_NEWEST:])
        room = MOST_TRIALS - len(kept)
        step = -(-len(self._finished) // room)
        return kept | set(self._finished[::step])


class ThinnedTPESampler(TPESampler):
    """Optuna's estimator; with one objective and a long history it is shown a part of the trials.

    `space` are the quantities that every trial has; without it they are found by looking at all trials.
    """

    def __init__(
        self, history: ThinnedHistory, space: Mapping[str, BaseDistribution] | None = None, **settings: Any
    ) -> None:
        super().__init__(**settings)
        self._history = history
        self._whole_space = space

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        if self._whole_space is None:
            return super().infer_relative_search_space(self._history.seen(study), trial)
        return {name: distribution for name, distribution in self._whole_space.items() if not distribution.single()}

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        return super().sample_relative(self._history.seen(study), trial, search_space)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        return super().sample_independent(self._history.seen(study), trial, param_name, param_distribution)


class _ThinnedStudy:
    """A study as the estimator sees it: everything of the whole one but its list of trials."""

    def __init__(self, whole: Study, trials: list[FrozenTrial]) -> None:
        self._whole = whole
        self._trials = trials

    def __getattr__(self, name: str) -> Any:
        return getattr(self._whole, name)

    def get_trials(self, deepcopy: bool = True, states: Sequence[TrialState] | None = None) -> list[FrozenTrial]:
        return self._get_trials(deepcopy, states)

    def _get_trials(
        self, deepcopy: bool = True, states: Sequence[TrialState] | None = None, use_cache: bool = False
    ) -> list[FrozenTrial]:
        return [trial for trial in self._trials if states is None or trial.state in states]
