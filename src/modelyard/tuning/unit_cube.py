"""Between quantities as samplers draw them and points of the unit cube."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from modelyard.tuning.gaussian_process import Array


class UnitCube:
    """A number takes one dimension (of its logarithm where it is drawn so), a choice one for each option."""

    def __init__(self, space: Mapping[str, BaseDistribution]) -> None:
        self._space = dict(space)
        self._spans: dict[str, slice] = {}
        start = 0
        for name, distribution in self._space.items():
            width = len(distribution.choices) if isinstance(distribution, CategoricalDistribution) else 1
            self._spans[name] = slice(start, start + width)
            start += width
        self.dimensions = start

    def encode(self, params: Mapping[str, Any]) -> Array:
        """The point of these quantities."""
        point = np.zeros(self.dimensions)
        for name, distribution in self._space.items():
            span = self._spans[name]
            if isinstance(distribution, CategoricalDistribution):
                point[span.start + distribution.choices.index(params[name])] = 1.0
            else:
                point[span] = _share(distribution, params[name])
        return point

    def decode(self, point: Array) -> dict[str, Any]:
        """The quantities nearest to a point."""
        found: dict[str, Any] = {}
        for name, distribution in self._space.items():
            part = point[self._spans[name]]
            if isinstance(distribution, CategoricalDistribution):
                found[name] = distribution.choices[int(np.argmax(part))]
            else:
                found[name] = at_share(distribution, float(part[0]))
        return found

    def snap(self, points: Array) -> Array:
        """Points (m, d) moved to where a quantity lies: one option of each choice, whole numbers."""
        moved = points.copy()
        for name, distribution in self._space.items():
            span = self._spans[name]
            if isinstance(distribution, CategoricalDistribution):
                chosen = np.argmax(points[:, span], axis=1)
                moved[:, span] = np.eye(span.stop - span.start)[chosen]
            elif isinstance(distribution, IntDistribution):
                steps = distribution.high - distribution.low + 1
                index = np.minimum(np.floor(points[:, span] * steps), steps - 1)
                moved[:, span] = (index + 0.5) / steps
        return moved


def at_share(distribution: BaseDistribution, share: float) -> Any:
    """The quantity below which lies `share` (0 to 1) of the distribution."""
    if isinstance(distribution, CategoricalDistribution):
        return distribution.choices[min(int(share * len(distribution.choices)), len(distribution.choices) - 1)]
    if isinstance(distribution, IntDistribution):
        steps = distribution.high - distribution.low + 1
        return distribution.low + min(int(share * steps), steps - 1)
    assert isinstance(distribution, FloatDistribution)
    low, high = distribution.low, distribution.high
    value = low * (high / low) ** share if distribution.log else low + share * (high - low)
    return min(max(float(value), low), high)


def _share(distribution: BaseDistribution, value: Any) -> float:
    if isinstance(distribution, IntDistribution):
        return float((value - distribution.low + 0.5) / (distribution.high - distribution.low + 1))
    assert isinstance(distribution, FloatDistribution)
    low, high = distribution.low, distribution.high
    if distribution.log:
        return math.log(value / low) / math.log(high / low)
    return float((value - low) / (high - low))
