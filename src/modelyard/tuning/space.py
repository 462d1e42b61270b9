"""From a search space to the parameters of one trial, by Optuna's define-by-run.

Every drawn quantity has a place, its Optuna name: `lr`, and `model[1].depth` for a member of the second option of
the choice `model`, so that options with members of the same name do not disturb each other.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from statistics import NormalDist
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from modelyard.domain.search_space import (
    AnyDistribution,
    Choice,
    LogNormal,
    Normal,
    QLogNormal,
    QNormal,
    Randint,
    is_discrete,
    member,
)

# A normal quantity is drawn as its quantile: samplers see a bounded, uniform dimension and the tails stay finite.
_QUANTILE = FloatDistribution(1e-9, 1 - 1e-9)
_Gaussian = Normal | QNormal | LogNormal | QLogNormal


def suggest(trial: optuna.Trial, space: Mapping[str, Any], base: float, prefix: str = "") -> dict[str, Any]:
    """Draw every parameter of `space`; a drawn mapping becomes a nested dict. `base` is that of log distributions."""
    drawn: dict[str, Any] = {}
    for name, written in space.items():
        distribution = member(written)
        place = f"{prefix}{name}"
        if not _is_distribution(distribution):
            drawn[name] = distribution
            continue
        raw = trial._suggest(place, optuna_distribution(distribution, base))
        value = to_value(distribution, raw, base)
        if isinstance(value, Mapping):
            value = suggest(trial, value, base, f"{place}[{raw}].")
        drawn[name] = value
    return drawn


def optuna_distribution(distribution: AnyDistribution, base: float) -> BaseDistribution:
    """The quantity that the sampler draws; `to_value` makes the parameter of it."""
    if isinstance(distribution, Choice):
        return CategoricalDistribution(range(len(distribution.values)))
    if isinstance(distribution, Randint):
        return IntDistribution(0, distribution.upper - 1)
    if isinstance(distribution, _Gaussian):
        return _QUANTILE
    if distribution.logarithmic:
        return FloatDistribution(base**distribution.min_value, base**distribution.max_value, log=True)
    return FloatDistribution(distribution.min_value, distribution.max_value)


def to_value(distribution: AnyDistribution, raw: Any, base: float) -> Any:
    """The parameter's value for a drawn quantity."""
    if isinstance(distribution, Choice):
        return distribution.values[raw]
    if isinstance(distribution, Randint):
        return int(raw)
    value = float(raw)
    if isinstance(distribution, _Gaussian):
        value = NormalDist(distribution.mu, distribution.sigma).inv_cdf(value)
        value = base**value if distribution.logarithmic else value
    q = getattr(distribution, "q", None)
    return value if q is None else quantize(value, q)


def quantize(value: float, q: float) -> float | int:
    """round(value / q) * q, without the float's noise; whole numbers come as int when q is whole."""
    steps = round(value / q)
    return steps * int(q) if float(q).is_integer() else float(f"{steps * q:.12g}")


def places(space: Mapping[str, Any], base: float, prefix: str = "") -> dict[str, BaseDistribution]:
    """Every quantity that could be drawn, active or not, in the order of the space."""
    found: dict[str, BaseDistribution] = {}
    for name, written in space.items():
        distribution = member(written)
        if not _is_distribution(distribution):
            continue
        place = f"{prefix}{name}"
        found[place] = optuna_distribution(distribution, base)
        if isinstance(distribution, Choice):
            for index, option in enumerate(distribution.values):
                if isinstance(option, Mapping):
                    found |= places(option, base, f"{place}[{index}].")
    return found


def grid(space: Mapping[str, Any], prefix: str = "") -> Iterator[dict[str, Any]]:
    """Every combination of a discrete space, as the quantity at each active place; the last parameter runs first."""
    columns = []
    for name, written in space.items():
        distribution = member(written)
        if _is_distribution(distribution):
            columns.append(list(_options(distribution, f"{prefix}{name}")))
    for combination in itertools.product(*columns):
        yield {place: raw for part in combination for place, raw in part.items()}


def is_flat(space: Mapping[str, Any]) -> bool:
    """Whether every parameter is drawn in every trial: no choice has a mapping among its values."""
    choices = (distribution for distribution in space.values() if isinstance(distribution, Choice))
    return not any(isinstance(value, Mapping) for choice in choices for value in choice.values)


def continuous_parameters(space: Mapping[str, Any]) -> list[str]:
    """Names of top-level parameters whose values cannot be listed."""
    return [name for name, distribution in space.items() if not is_discrete(distribution)]


def flatten(parameters: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """What `${{search_space.<name>}}` stands for: text of each value, and JSON of a drawn mapping."""
    texts: dict[str, str] = {}
    for name, value in parameters.items():
        path = f"{prefix}{name}"
        if isinstance(value, Mapping):
            texts[path] = json.dumps(value, separators=(",", ":"))
            texts |= flatten(value, f"{path}.")
        else:
            texts[path] = repr(value) if isinstance(value, float) else str(value)
    return texts


def _options(distribution: AnyDistribution, place: str) -> Iterator[dict[str, Any]]:
    if isinstance(distribution, Randint):
        yield from ({place: raw} for raw in range(distribution.upper))
        return
    assert isinstance(distribution, Choice)
    for index, option in enumerate(distribution.values):
        if isinstance(option, Mapping):
            yield from ({place: index, **inner} for inner in grid(option, f"{place}[{index}]."))
        else:
            yield {place: index}


def _is_distribution(value: Any) -> bool:
    return isinstance(value, AnyDistribution)
