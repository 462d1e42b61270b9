"""Parameters near those of a trial that does well: the explore step of population based training."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

from optuna.distributions import FloatDistribution

from modelyard.domain.search_policy import PbtPolicy
from modelyard.domain.search_space import AnyDistribution, Choice, Randint, member
from modelyard.tuning.space import optuna_distribution, quantize, to_value
from modelyard.tuning.unit_cube import at_share


def perturbed(
    space: Mapping[str, Any], parameters: Mapping[str, Any], policy: PbtPolicy, base: float, draw: random.Random
) -> dict[str, Any]:
    """New parameters of the same shape: a drawn mapping keeps its branch, whose members are changed.

    A parameter is drawn anew with the policy's probability; else a number is multiplied by one of the factors and kept
    within its bounds, and a listed value moves to a neighbour in the list when values are ordered numbers.
    """
    changed: dict[str, Any] = {}
    for name, value in parameters.items():
        distribution = member(space.get(name))
        if name in policy.fixed or not isinstance(distribution, AnyDistribution):
            changed[name] = value
        elif isinstance(value, Mapping):
            changed[name] = perturbed(_branch(distribution, value), value, policy, base, draw)
        elif draw.random() < policy.resample_probability:
            changed[name] = _drawn(distribution, base, draw)
        else:
            changed[name] = _moved(distribution, value, draw.choice(policy.perturbation_factors), base)
    return changed


def _branch(distribution: AnyDistribution, value: Mapping[str, Any]) -> Mapping[str, Any]:
    """The option of a choice that a drawn mapping came from."""
    options = distribution.values if isinstance(distribution, Choice) else []
    for option in options:
        if isinstance(option, Mapping) and option.keys() == value.keys():
            literals = {key: one for key, one in option.items() if not isinstance(member(one), AnyDistribution)}
            if all(value[key] == one for key, one in literals.items()):
                return option
    return {}


def _drawn(distribution: AnyDistribution, base: float, draw: random.Random) -> Any:
    if isinstance(distribution, Choice):
        return draw.choice(_scalars(distribution.values))
    return to_value(distribution, at_share(optuna_distribution(distribution, base), draw.random()), base)


def _moved(distribution: AnyDistribution, value: Any, factor: float, base: float) -> Any:
    if isinstance(distribution, Choice):
        return _neighbour(_scalars(distribution.values), value, factor)
    if isinstance(distribution, Randint):
        step = 1 if factor >= 1 else -1
        moved = round(value * factor)
        return min(max(moved if moved != value else value + step, 0), distribution.upper - 1)
    moved = value * factor
    raw = optuna_distribution(distribution, base)
    if hasattr(distribution, "min_value") and isinstance(raw, FloatDistribution):
        moved = min(max(moved, raw.low), raw.high)
    q = getattr(distribution, "q", None)
    return moved if q is None else quantize(moved, q)


def _neighbour(values: Sequence[Any], value: Any, factor: float) -> Any:
    """The next larger or smaller of listed numbers; a word has no neighbours and stays."""
    if any(isinstance(one, bool | str) for one in values) or value not in values:
        return value
    ordered = sorted(values)
    place = ordered.index(value) + (1 if factor >= 1 else -1)
    return ordered[min(max(place, 0), len(ordered) - 1)]


def _scalars(values: Sequence[Any]) -> list[Any]:
    return [value for value in values if not isinstance(value, Mapping)]
