"""A long history is shown in part, and the part holds what matters."""

from __future__ import annotations

import random

import optuna
import pytest
from optuna.trial import TrialState, create_trial

from modelyard.domain.search_policy import BayesianSampling, Goal, RandomSampling
from modelyard.domain.search_space import Uniform
from modelyard.tuning import thinned_history
from modelyard.tuning.sampling_strategy import SearchProblem, make_strategy
from modelyard.tuning.search import Search, TrialEnd, TrialResult
from modelyard.tuning.thinned_history import MOST_TRIALS, ThinnedHistory

SPACE = {"x": Uniform(min_value=0, max_value=1)}


def study(direction: str = "minimize") -> optuna.Study:
    return optuna.create_study(direction=direction, sampler=optuna.samplers.RandomSampler(seed=1))


def add(found: optuna.Study, count: int, *, seed: int = 1) -> None:
    draw = random.Random(seed)
    for _ in range(count):
        found.add_trial(create_trial(value=draw.random()))


def shown(history: ThinnedHistory, found: optuna.Study) -> list[int]:
    return [trial.number for trial in history.seen(found).get_trials(deepcopy=False)]


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_the_best_the_newest_and_those_that_run_are_kept(direction: str) -> None:
    found = study(direction)
    add(found, 3000)
    found.add_trial(create_trial(state=TrialState.RUNNING))
    found.add_trial(create_trial(state=TrialState.FAIL))
    numbers = shown(ThinnedHistory(), found)
    assert MOST_TRIALS // 2 < len(numbers) <= MOST_TRIALS + 1
    assert numbers == sorted(numbers)
    values = [trial.value for trial in found.trials[:3000]]
    best = sorted(range(3000), key=lambda number: values[number] or 0.0, reverse=direction == "maximize")
    assert set(best[:100]) <= set(numbers)
    assert {*range(2950, 3001)} <= set(numbers)
    assert 3001 not in numbers


def test_a_short_history_is_whole() -> None:
    found = study()
    add(found, MOST_TRIALS)
    assert ThinnedHistory().seen(found) is found


def test_what_is_shown_depends_on_the_trials_alone() -> None:
    """One history looks all the time and sees trials end in another order; the other looks once."""
    found, often = study(), ThinnedHistory()
    add(found, MOST_TRIALS)
    for _ in range(60):
        asked = [found.ask() for _ in range(3)]
        for trial in reversed(asked):
            often.seen(found)
            found.tell(trial, trial.suggest_float("x", 0, 1))
    found.ask()
    assert shown(often, found) == shown(ThinnedHistory(), found)


def test_another_study_is_another_history() -> None:
    history, first, second = ThinnedHistory(), study(), study()
    add(first, MOST_TRIALS + 50)
    add(second, MOST_TRIALS + 90, seed=2)
    shown(history, first)
    assert shown(history, second) == shown(ThinnedHistory(), second)


def test_a_search_with_a_long_history_proposes_near_the_best(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thinned_history, "MOST_TRIALS", 250)
    problem = SearchProblem(SPACE, [Goal.MINIMIZE], 3)
    search = Search(make_strategy(RandomSampling(seed=3), problem))
    for _ in range(400):
        proposal = search.ask()
        search.tell(proposal.number, TrialResult(TrialEnd.COMPLETED, [abs(proposal.parameters["x"] - 0.4)]))
    search.strategy = make_strategy(BayesianSampling(seed=3), problem)
    proposed = [search.ask().parameters["x"] for _ in range(5)]
    assert sum(abs(x - 0.4) < 0.1 for x in proposed) >= 4
