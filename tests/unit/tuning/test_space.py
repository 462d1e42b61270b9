from __future__ import annotations

import math
from typing import Any

import optuna
import pytest

from modelyard.domain.errors import InvalidInput
from modelyard.domain.search_space import (
    Choice,
    LogNormal,
    LogUniform,
    Normal,
    QLogUniform,
    QNormal,
    QUniform,
    Randint,
    Uniform,
    is_discrete,
    parameter_names,
    space_problems,
)
from modelyard.tuning.space import flatten, grid, quantize, suggest

NESTED = {
    "model": Choice(
        [
            {"name": "tree", "depth": {"type": "randint", "upper": 3}},
            {"name": "net", "lr": LogUniform(min_value=-4, max_value=-1)},
        ]
    ),
    "seed": Choice([1, 2]),
}


def draws(space: dict[str, Any], count: int = 400, base: float = math.e) -> list[dict[str, Any]]:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=3))
    return [suggest(study.ask(), space, base) for _ in range(count)]


@pytest.mark.parametrize(
    ("distribution", "low", "high"),
    [
        (Uniform(min_value=-2, max_value=3), -2, 3),
        (LogUniform(min_value=-4, max_value=-1), math.exp(-4), math.exp(-1)),
        (Randint(upper=5), 0, 4),
        (QUniform(min_value=0, max_value=10, q=2.5), 0, 10),
        (QLogUniform(min_value=0, max_value=4, q=1), 1, 55),
    ],
)
def test_values_fill_the_range_and_stay_in_it(distribution: Any, low: float, high: float) -> None:
    values = [draw["x"] for draw in draws({"x": distribution})]
    assert low - 1e-9 <= min(values) and max(values) <= high + 1e-9
    assert max(values) - min(values) > 0.8 * (high - low)


def test_log_bounds_are_to_base_e_unless_told() -> None:
    space = {"lr": LogUniform(min_value=-4, max_value=-1)}
    assert min(draw["lr"] for draw in draws(space)) > 0.018
    ten = [draw["lr"] for draw in draws(space, base=10)]
    assert min(ten) < 0.0002 and max(ten) <= 0.1
    # uniform in the logarithm: the middle of the exponents halves the draws
    assert abs(sum(value < 10**-2.5 for value in ten) / len(ten) - 0.5) < 0.08


def test_normals() -> None:
    values = [draw["x"] for draw in draws({"x": Normal(mu=5, sigma=2)}, 2000)]
    mean = sum(values) / len(values)
    deviation = math.sqrt(sum((value - mean) ** 2 for value in values) / len(values))
    assert abs(mean - 5) < 0.2 and abs(deviation - 2) < 0.2
    assert all(draw["x"] > 0 for draw in draws({"x": LogNormal(mu=0, sigma=1)}))
    assert all(draw["x"] % 10 == 0 for draw in draws({"x": QNormal(mu=100, sigma=30, q=10)}))


def test_quantize_has_no_noise_of_floats() -> None:
    assert quantize(0.29999, 0.1) == 0.3
    assert quantize(7.4, 2) == 8 and isinstance(quantize(7.4, 2), int)


def test_a_nested_choice_draws_only_its_own_members() -> None:
    found = {draw["model"]["name"]: set(draw["model"]) for draw in draws(NESTED, 50)}
    assert found == {"tree": {"name", "depth"}, "net": {"name", "lr"}}


def test_flatten_names_members_and_gives_json_of_the_mapping() -> None:
    texts = flatten({"model": {"name": "tree", "depth": 2}, "lr": 0.1, "on": True})
    assert texts == {
        "model": '{"name":"tree","depth":2}',
        "model.name": "tree",
        "model.depth": "2",
        "lr": "0.1",
        "on": "True",
    }


def test_names_of_every_branch_are_known() -> None:
    assert set(parameter_names(NESTED)) == {"model", "model.name", "model.depth", "model.lr", "seed"}


def test_grid_lists_every_active_combination() -> None:
    space = {"model": Choice([{"depth": Randint(upper=3)}, "linear"]), "seed": Choice([1, 2])}
    assert len(list(grid(space))) == (3 + 1) * 2
    assert is_discrete(space["model"]) and not is_discrete(NESTED["model"])


@pytest.mark.parametrize(
    ("build", "field", "text"),
    [
        (lambda: Uniform(min_value=2, max_value=1), "min_value", "not below"),
        (lambda: Choice([]), "values", "at least one"),
        (lambda: Normal(mu=0, sigma=0), "sigma", "above 0"),
        (lambda: QUniform(min_value=0, max_value=1, q=0), "q", "above 0"),
        (lambda: Randint(upper=0), "upper", "at least 1"),
        (lambda: LogUniform(min_value=1, max_value=1000), "max_value", "logarithm"),
    ],
)
def test_bad_spaces_name_the_field(build: Any, field: str, text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        build()
    assert caught.value.field == field
    assert text in caught.value.message


@pytest.mark.parametrize(
    ("space", "field", "text"),
    [
        ({}, "search_space", "empty"),
        ({"a b": Randint(upper=2)}, "search_space", "not a parameter name"),
        ({"a": Choice([{"b": [1]}])}, "search_space.a.values.0.b", "neither"),
        (
            {"a": Choice([{"b": {"type": "uniform", "min_value": 3, "max_value": 1}}])},
            "search_space.a.values.0.b.min_value",
            "not below",
        ),
    ],
)
def test_problems_of_a_whole_space(space: Any, field: str, text: str) -> None:
    (found,) = space_problems(space)
    assert found["field"] == field
    assert text in found["message"]
