"""What every sampling strategy promises, run over all that are found."""

from __future__ import annotations

import json
import math
import warnings
from typing import Any

import pytest

from modelyard.domain.errors import InvalidInput
from modelyard.domain.search_policy import (
    BayesianSampling,
    CmaEsSampling,
    GaussianProcessSampling,
    Goal,
    GridSampling,
    Nsga2Sampling,
    RandomSampling,
)
from modelyard.domain.search_space import Choice, LogUniform, Normal, QUniform, Randint, Uniform
from modelyard.tuning.sampling_strategy import SearchExhausted, SearchProblem, make_strategy, strategies
from modelyard.tuning.search import KeptTrial, Search, TrialEnd, TrialResult

FLAT = {
    "lr": LogUniform(min_value=-6, max_value=-1),
    "x": Uniform(min_value=-1, max_value=1),
    "k": Randint(upper=5),
    "c": Choice(["a", "b", "c"]),
}
DISCRETE = {"a": Choice([1, 2, {"b": Randint(upper=3)}]), "c": Choice(["x", "y", "z", "w", "v"])}
MIXED = {
    "lr": LogUniform(min_value=-6, max_value=-1),
    "x": Uniform(min_value=-1, max_value=1),
    "n": Normal(mu=0, sigma=2),
    "q": QUniform(min_value=0, max_value=10, q=0.5),
    "m": Choice([{"name": "a", "d": Randint(upper=4)}, {"name": "b", "w": Uniform(min_value=0, max_value=1)}, 3]),
}
VARIANTS = [
    RandomSampling(rule="sobol"),
    BayesianSampling(surrogate="tpe"),
    BayesianSampling(surrogate="tpe", multivariate=False, constant_liar=False),
]


def specs() -> list[Any]:
    return [*(spec() for spec in strategies()), *VARIANTS]


def search(spec: Any, goals: tuple[Goal, ...] = (Goal.MINIMIZE,), seed: int = 7) -> Search:
    spaces = {GridSampling: DISCRETE, GaussianProcessSampling: FLAT}
    return Search(make_strategy(spec, SearchProblem(spaces.get(type(spec), MIXED), goals, seed)))


def score(parameters: dict[str, Any]) -> float:
    return float(parameters.get("x", 0)) ** 2 + float(parameters.get("lr", 0)) + len(json.dumps(parameters)) / 1000


def play(found: Search, count: int, kept: list[KeptTrial] | None = None) -> list[dict[str, Any]]:
    proposals = []
    for _ in range(count):
        proposal = found.ask()
        value = score(proposal.parameters)
        # every fifth trial fails, every third is stopped by a policy
        end = (
            TrialEnd.FAILED
            if proposal.number % 5 == 4
            else TrialEnd.STOPPED
            if proposal.number % 3 == 2
            else TrialEnd.COMPLETED
        )
        result = TrialResult(end, [value], [value + 1, value])
        memento = json.loads(json.dumps(found.tell(proposal.number, result)))
        if kept is not None:
            kept.append(KeptTrial(memento, result))
        proposals.append(proposal.parameters)
    return proposals


@pytest.mark.parametrize("spec", specs(), ids=repr)
def test_a_restored_search_proposes_what_the_uninterrupted_one_does(spec: Any) -> None:
    kept: list[KeptTrial] = []
    whole = play(search(spec), 24, kept)
    again = search(spec)
    again.restore(kept[:16])
    assert play(again, 8) == whole[16:]
    assert play(search(spec), 24) == whole


@pytest.mark.parametrize("spec", [spec for spec in specs() if not isinstance(spec, GridSampling)], ids=repr)
def test_another_seed_proposes_other_points(spec: Any) -> None:
    assert play(search(spec, seed=1), 5) != play(search(spec, seed=2), 5)


@pytest.mark.parametrize("spec", specs(), ids=repr)
def test_concurrent_trials_get_distinct_numbers_and_may_end_in_any_order(spec: Any) -> None:
    found = search(spec)
    proposals = [found.ask() for _ in range(4)]
    assert [proposal.number for proposal in proposals] == [0, 1, 2, 3]
    for proposal in reversed(proposals):
        found.tell(proposal.number, TrialResult(TrialEnd.COMPLETED, [score(proposal.parameters)]))
        found.tell(proposal.number, TrialResult(TrialEnd.FAILED))  # telling twice changes nothing
    assert found.ask().number == 4


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_values_that_are_no_numbers_teach_nothing(value: float) -> None:
    found = search(BayesianSampling(startup_trials=2))
    for _ in range(6):
        proposal = found.ask()
        found.tell(proposal.number, TrialResult(TrialEnd.COMPLETED, [value]))
    assert found.importances() == {}


def test_grid_proposes_each_combination_once_then_ends() -> None:
    found = search(GridSampling())
    points = [json.dumps(parameters) for parameters in play(found, 25)]
    assert len(set(points)) == 25 == (2 + 3) * 5
    with pytest.raises(SearchExhausted):
        found.ask()


def test_grid_refuses_a_continuous_space() -> None:
    with pytest.raises(InvalidInput) as caught:
        make_strategy(GridSampling(), SearchProblem(MIXED, [Goal.MINIMIZE], 0))
    assert caught.value.field == "search_space.lr"


def test_gaussian_process_refuses_a_nested_choice() -> None:
    with pytest.raises(InvalidInput, match="choice among mappings"):
        make_strategy(GaussianProcessSampling(), SearchProblem(MIXED, [Goal.MINIMIZE], 0))


def test_the_process_nears_the_minimum_of_a_bowl() -> None:
    found = search(GaussianProcessSampling())
    best = math.inf
    for _ in range(40):
        proposal = found.ask()
        p = proposal.parameters
        value = (p["x"] - 0.3) ** 2 + abs(p["k"] - 3) + (p["c"] != "b") + (math.log(p["lr"]) + 3) ** 2
        best = min(best, value)
        found.tell(proposal.number, TrialResult(TrialEnd.COMPLETED, [value]))
    assert best < 0.01


def test_cma_es_refuses_a_space_of_choices_and_several_objectives() -> None:
    with pytest.raises(InvalidInput, match="numeric"):
        make_strategy(CmaEsSampling(), SearchProblem(DISCRETE, [Goal.MINIMIZE], 0))
    with pytest.raises(InvalidInput, match="one objective"):
        make_strategy(CmaEsSampling(), SearchProblem(MIXED, [Goal.MINIMIZE, Goal.MAXIMIZE], 0))


@pytest.mark.parametrize("spec", [Nsga2Sampling(population_size=4), BayesianSampling(startup_trials=3)], ids=repr)
def test_two_objectives(spec: Any) -> None:
    found = search(spec, (Goal.MINIMIZE, Goal.MAXIMIZE))
    for _ in range(12):
        proposal = found.ask()
        found.tell(
            proposal.number, TrialResult(TrialEnd.COMPLETED, [score(proposal.parameters), proposal.parameters["x"]])
        )
    assert found.ask().number == 12


def test_bayesian_beats_random_on_a_bowl() -> None:
    def best(spec: Any) -> float:
        found = search(spec)
        values = []
        for _ in range(60):
            proposal = found.ask()
            p = proposal.parameters
            values.append((p["x"] - 0.3) ** 2 + (p["n"] - 1) ** 2 + (p["q"] / 10 - 0.5) ** 2)
            found.tell(proposal.number, TrialResult(TrialEnd.COMPLETED, [values[-1]]))
        return min(values)

    assert best(BayesianSampling()) < best(RandomSampling())


def test_importance_finds_the_parameter_that_matters() -> None:
    found = search(RandomSampling())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(80):
            proposal = found.ask()
            found.tell(proposal.number, TrialResult(TrialEnd.COMPLETED, [proposal.parameters["x"] ** 2]))
        importances = found.importances()
    assert max(importances, key=importances.__getitem__) == "x"
