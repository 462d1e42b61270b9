"""One search: proposes trials and learns from their results. The rows of the trials are the truth; this is a cache."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, distribution_to_json, json_to_distribution
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from modelyard.domain.search_policy import Goal
from modelyard.tuning.blas_threads import one_blas_thread
from modelyard.tuning.sampling_strategy import SamplingStrategy
from modelyard.tuning.space import suggest

optuna.logging.set_verbosity(optuna.logging.WARNING)


class TrialEnd(StrEnum):
    COMPLETED = "completed"
    STOPPED = "stopped"  # by an early-termination policy: its last value counts as what it reached
    FAILED = "failed"  # it tells the sampler nothing


@dataclass(frozen=True)
class Proposal:
    """The parameters of one trial. `memento` is JSON that, kept with the trial, restores the search."""

    number: int
    parameters: dict[str, Any]
    memento: dict[str, Any]


@dataclass(frozen=True)
class TrialResult:
    """What a trial came to: one value for each objective, and the logged values of the first objective by step."""

    end: TrialEnd
    values: Sequence[float] = ()
    curve: Sequence[float] = ()


@dataclass(frozen=True)
class KeptTrial:
    """A trial as it was kept; `result` None while it runs."""

    memento: Mapping[str, Any]
    result: TrialResult | None = None


@dataclass
class Search:
    """Ask and tell over one strategy. Not safe for several threads.

    Seeded, with one trial at a time, the proposals are the same however often the search was restored in between.
    """

    strategy: SamplingStrategy
    _ids: dict[int, int] = field(default_factory=dict)
    _next: int = 0

    def __post_init__(self) -> None:
        directions = [
            StudyDirection.MAXIMIZE if goal is Goal.MAXIMIZE else StudyDirection.MINIMIZE
            for goal in self.strategy.problem.goals
        ]
        self._study = optuna.create_study(
            storage=optuna.storages.InMemoryStorage(), directions=directions, sampler=optuna.samplers.RandomSampler()
        )

    def teach(self, records: Iterable[KeptTrial]) -> None:
        """Learn from finished trials of other searches over the same space, before the first of this one."""
        for record in records:
            if record.result is not None:
                self._study.add_trial(_frozen(record, self._directions))

    def restore(self, records: Iterable[KeptTrial]) -> None:
        """Take in the trials of an earlier life of this search, in order of their numbers."""
        known = len(self._study.get_trials(deepcopy=False))
        for place, record in enumerate(records, start=known):
            number = int(record.memento["number"])
            self._study.add_trial(_frozen(record, self._directions))
            self._ids[number] = place
            self._next = max(self._next, number + 1)

    def ask(self) -> Proposal:
        """The next trial. SearchExhausted when a grid was walked to its end."""
        number = self._next
        self._study.sampler = self.strategy.sampler(number)
        problem = self.strategy.problem
        with one_blas_thread():
            trial = self._study.ask()
            parameters = suggest(trial, problem.space, problem.base)
        self._ids[number] = trial.number
        self._next = number + 1
        return Proposal(number, parameters, self._memento(number, trial))

    def tell(self, number: int, result: TrialResult) -> dict[str, Any]:
        """Learn how trial `number` ended; telling again changes nothing. Answers the memento to keep from now on."""
        storage, trial_id = (
            self._study._storage,
            self._study._storage.get_trial_id_from_study_id_trial_number(self._study._study_id, self._ids[number]),
        )
        if not storage.get_trial(trial_id).state.is_finished():
            for step, value in enumerate(result.curve, start=1):
                storage.set_trial_intermediate_value(trial_id, step, value)
            state, values = _outcome(result, self._directions)
            self._study.sampler = self.strategy.sampler(number)
            told = values if state is TrialState.COMPLETE else None  # of a stopped trial Optuna takes the last value
            with one_blas_thread():
                self._study.tell(self._ids[number], told, state=state)
        frozen = storage.get_trial(trial_id)
        return _memento(number, frozen)

    def importances(self) -> dict[str, float]:
        """The share of each parameter in the objective's variation (PED-ANOVA, Watanabe et al. 2023); may be empty."""
        done = self._study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        if len(done) < 4 or len(self._directions) != 1:
            return {}
        evaluator = optuna.importance.PedAnovaImportanceEvaluator()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about parameters of branches that few trials took
                return dict(optuna.importance.get_param_importances(self._study, evaluator=evaluator))
        except (ValueError, RuntimeError):  # no parameter common to all trials, or all values equal
            return {}

    @property
    def _directions(self) -> Sequence[Goal]:
        return self.strategy.problem.goals

    def _memento(self, number: int, trial: optuna.Trial) -> dict[str, Any]:
        return _memento(number, self._study._storage.get_trial(trial._trial_id))


def _memento(number: int, frozen: FrozenTrial) -> dict[str, Any]:
    return {
        "number": number,
        "params": {
            name: {"distribution": distribution_to_json(distribution), "raw": _raw(distribution, frozen.params[name])}
            for name, distribution in frozen.distributions.items()
        },
        "system": frozen.system_attrs,
    }


@lru_cache(maxsize=4096)
def _distribution(text: str) -> BaseDistribution:
    """All trials of a space share their distributions."""
    return json_to_distribution(text)


def _raw(distribution: Any, value: Any) -> Any:
    return distribution.to_internal_repr(value)


def _frozen(record: KeptTrial, goals: Sequence[Goal]) -> FrozenTrial:
    distributions = {name: _distribution(kept["distribution"]) for name, kept in record.memento["params"].items()}
    params = {
        name: distributions[name].to_external_repr(kept["raw"]) for name, kept in record.memento["params"].items()
    }
    state, values = TrialState.RUNNING, None
    curve: Sequence[float] = ()
    if record.result is not None:
        state, values = _outcome(record.result, goals)
        curve = record.result.curve
    return optuna.trial.create_trial(
        state=state,
        values=values,
        params=params,
        distributions=distributions,
        system_attrs=dict(record.memento["system"]),
        intermediate_values=dict(enumerate(curve, start=1)),
    )


def _outcome(result: TrialResult, goals: Sequence[Goal]) -> tuple[TrialState, list[float] | None]:
    """Optuna's state and values. A trial without a usable value failed: NaN teaches nothing; an infinity is the worst
    there is, or a diverged "best" that must not attract the search, so it counts as failed too."""
    usable = len(result.values) == len(goals) and all(math.isfinite(value) for value in result.values)
    if result.end is TrialEnd.FAILED or not usable:
        return TrialState.FAIL, None
    if result.end is TrialEnd.STOPPED and len(goals) == 1 and result.curve:
        return TrialState.PRUNED, [result.curve[-1]]
    return TrialState.COMPLETE, list(result.values)
