"""Independent draws, or points of a scrambled Sobol sequence."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, RandomSampler
from optuna.study import Study
from optuna.trial import FrozenTrial
from scipy.stats import qmc

from modelyard.domain.search_policy import RandomSampling, SamplingRule
from modelyard.tuning.sampling_strategy import SamplingStrategy
from modelyard.tuning.space import places
from modelyard.tuning.unit_cube import at_share

_BLOCK = 256


class RandomStrategy(SamplingStrategy):
    spec = RandomSampling

    def check(self, spec: RandomSampling) -> None:
        """Any number of objectives: the draws do not look at them."""

    def sampler(self, number: int) -> BaseSampler:
        if self.spec_values.rule is SamplingRule.SOBOL:
            dimensions, points = self._sobol
            return PointSampler(dict(zip(dimensions, points[number], strict=True)))
        return RandomSampler(seed=self.seed_of(number))

    @cached_property
    def _sobol(self) -> tuple[list[str], SobolPoints]:
        dimensions = list(places(self.problem.space, self.problem.base))
        return dimensions, SobolPoints(len(dimensions), self.problem.seed)


class SobolPoints:
    """A scrambled Sobol sequence (Owen 1998) by index, made in blocks of a power of two."""

    def __init__(self, dimensions: int, seed: int) -> None:
        self._dimensions = dimensions
        self._seed = seed
        self._block = -1
        self._points: np.ndarray[Any, Any] = np.empty((0, dimensions))

    def __getitem__(self, number: int) -> list[float]:
        block, offset = divmod(number, _BLOCK)
        if block != self._block:
            self._block, self._points = block, self._make(block)
        return [float(value) for value in self._points[offset]]

    def _make(self, block: int) -> np.ndarray[Any, Any]:
        sequence = qmc.Sobol(d=max(self._dimensions, 1), scramble=True, rng=self._seed)
        if block:
            sequence.fast_forward(block * _BLOCK)
        points: np.ndarray[Any, Any] = sequence.random(_BLOCK)
        return points[:, : self._dimensions]


class PointSampler(BaseSampler):
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
        return at_share(param_distribution, self._point[param_name])
