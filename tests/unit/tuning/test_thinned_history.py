"""A long history is shown in part, and the part holds what matters."""

from __future__ import annotations

import random

import pytest
from optuna.study import StudyDirection
from optuna.trial import TrialState, create_trial

from modelyard.domain.search_policy import BayesianSampling, Goal, RandomSampling
from modelyard.domain.search_space import Uniform
from modelyard.tuning import thinned_history
from modelyard.tuning.sampling_strategy import SearchProblem, make_strategy
from modelyard.tuning.search import Search, TrialEnd, TrialResult
from modelyard.tuning.thinned_history import MOST_TRIALS, thinned

SPACE = {"x": Uniform(min_value=0, max_value=1)}


def history(count: int) -> list[object]:
    draw = random.Random(1)
    trials = [create_trial(value=draw.random()) for _ in range(count)]
    trials += [create_trial(state=TrialState.RUNNING), create_trial(state=TrialState.FAIL)]
    for number, trial in enumerate(trials):
        trial.number = number
    return trials


@pytest.mark.parametrize("direction", [StudyDirection.MINIMIZE, StudyDirection.MAXIMIZE])
def test_the_best_the_newest_and_those_that_run_are_kept(direction: StudyDirection) -> None:
    trials = history(5000)
    kept = thinned(trials, direction)  # type: ignore[arg-type]
    numbers = [trial.number for trial in kept]
    assert len(kept) == MOST_TRIALS + 1
    assert numbers == sorted(numbers)
    best_first = sorted(trials[:5000], key=lambda trial: trial.value, reverse=direction is StudyDirection.MAXIMIZE)  # type: ignore[attr-defined]
    assert {trial.number for trial in best_first[:25]} <= set(numbers)  # type: ignore[attr-defined]
    assert {*range(4950, 5001)} <= set(numbers)


def test_a_short_history_is_whole() -> None:
    trials = history(MOST_TRIALS)
    assert thinned(trials, StudyDirection.MINIMIZE) == trials  # type: ignore[arg-type]


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
