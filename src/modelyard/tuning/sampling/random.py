"""Independent draws, or points of a scrambled Sobol sequence."""

from __future__ import annotations

import warnings
from functools import cached_property
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import BaseSampler, RandomSampler
from optuna.study import Study
from optuna.trial import FrozenTrial
from scipy.stats import qmc

from modelyard.domain.search_policy import RandomSampling, SamplingRule
from modelyard.tuning.sampling_strategy import SamplingStrategy
from modelyard.tuning.space import places

_BLOCK = 256


class RandomStrategy(SamplingStrategy):
    spec = RandomSampling

    def check(self, spec: RandomSampling) -> None:
        """Any number of objectives: the draws do not look at them."""

    def sampler(self, number: int) -> BaseSampler:
        if self.spec_values.rule is SamplingRule.SOBOL:
            return _PointSampler(dict(zip(self._dimensions, self._point(number), strict=True)))
        return RandomSampler(seed=self.seed_of(number))

    @cached_property
    def _dimensions(self) -> list[str]:
        return list(places(self.problem.space, self.problem.base))

    def _point(self, number: int) -> np.ndarray[Any, Any]:
        """Point `number` of the sequence, made in blocks of a power of two."""
        block, offset = divmod(number, _BLOCK)
        if getattr(self, "_block", None) != block:
            self._block = block
            self._points = self._make_block(block)
        point: np.ndarray[Any, Any] = self._points[offset]
        return point

    def _make_block(self, block: int) -> np.ndarray[Any, Any]:
        sequence = qmc.Sobol(d=max(len(self._dimensions), 1), scramble=True, rng=self.problem.seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # about balance, which blocks of a power of two keep
            if block:
                sequence.fast_forward(block * _BLOCK)
            points: np.ndarray[Any, Any] = sequence.random(_BLOCK)
        return points[:, : len(self._dimensions)]


class _PointSampler(BaseSampler):
    """Reads each quantity off one point of the unit cube."""

    def __init__(self, point: dict[str, float]) -> None:
        self._point = point

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        return {}

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        return {}

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        return _at(param_distribution, self._point[param_name])


def _at(distribution: BaseDistribution, share: float) -> Any:
    """The quantity below which lies `share` (0 to 1) of the distribution."""
    if isinstance(distribution, CategoricalDistribution):
        return distribution.choices[min(int(share * len(distribution.choices)), len(distribution.choices) - 1)]
    if isinstance(distribution, IntDistribution):
        return distribution.low + min(int(share * (distribution.high - distribution.low + 1)), distribution.high)
    assert isinstance(distribution, FloatDistribution)
    low, high = distribution.low, distribution.high
    return float(low * (high / low) ** share) if distribution.log else low + share * (high - low)
