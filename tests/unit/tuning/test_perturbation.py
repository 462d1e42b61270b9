"""Parameters near those of another trial."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest

from modelyard.domain.search_policy import PbtPolicy
from modelyard.domain.search_space import Choice, LogUniform, Normal, QUniform, Randint, Uniform
from modelyard.tuning.perturbation import perturbed

MOVE = PbtPolicy(resample_probability=0.0, perturbation_factors=[0.5, 2.0])
DRAW = PbtPolicy(resample_probability=1.0)


def values(distribution: Any, value: Any, policy: PbtPolicy = MOVE, name: str = "p") -> set[Any]:
    """Every value that the parameter came to in many perturbations."""
    draw = random.Random(1)
    space = {name: distribution}
    return {perturbed(space, {name: value}, policy, math.e, draw)[name] for _ in range(200)}


@pytest.mark.parametrize(
    ("distribution", "value", "found"),
    [
        (Uniform(min_value=0, max_value=1), 0.25, {0.125, 0.5}),
        (Uniform(min_value=0, max_value=1), 0.8, {0.4, 1.0}),
        (QUniform(min_value=1, max_value=9, q=2), 4, {2, 8}),
        (LogUniform(min_value=0, max_value=1), 1.0, {1.0, 2.0}),
        (Normal(mu=0, sigma=1), 3.0, {1.5, 6.0}),
        (Randint(upper=10), 4, {2, 8}),
        (Randint(upper=3), 0, {0, 1}),
        (Choice([16, 64, 32]), 32, {16, 64}),
        (Choice([16, 64, 32]), 64, {32, 64}),
        (Choice(["adam", "sgd"]), "adam", {"adam"}),
        ("a literal", "a literal", {"a literal"}),
    ],
)
def test_a_number_is_multiplied_and_a_listed_value_moves(distribution: Any, value: Any, found: set[Any]) -> None:
    assert values(distribution, value) == found


def test_a_parameter_may_be_drawn_anew() -> None:
    assert values(Choice(["adam", "sgd"]), "adam", DRAW) == {"adam", "sgd"}
    drawn = values(LogUniform(min_value=-3, max_value=0), 0.5, DRAW)
    assert len(drawn) == 200 and all(math.exp(-3) <= value <= 1 for value in drawn)


def test_fixed_parameters_stay() -> None:
    policy = PbtPolicy(resample_probability=0.5, fixed=["width"])
    assert values(Choice([16, 32]), 16, policy, "width") == {16}


def test_a_nested_choice_keeps_its_branch() -> None:
    branches = [
        {"kind": "tree", "depth": {"type": "randint", "upper": 8}},
        {"kind": "linear", "penalty": {"type": "uniform", "min_value": 0, "max_value": 1}},
    ]
    space = {"model": Choice(branches)}
    draw = random.Random(2)
    found = [perturbed(space, {"model": {"kind": "tree", "depth": 3}}, DRAW, math.e, draw) for _ in range(100)]
    assert {one["model"]["kind"] for one in found} == {"tree"}
    assert {one["model"]["depth"] for one in found} == set(range(8))


def test_the_same_draws_give_the_same_parameters() -> None:
    space = {"a": Uniform(min_value=0, max_value=1), "b": Randint(upper=9)}
    parameters = {"a": 0.3, "b": 4}
    first, again = (perturbed(space, parameters, PbtPolicy(), math.e, random.Random("1/2/0")) for _ in range(2))
    assert first == again
