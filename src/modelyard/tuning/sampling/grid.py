"""Every combination of a discrete space, once, in the order of the space."""

from __future__ import annotations

from itertools import islice
from typing import Any

from optuna.samplers import BaseSampler, PartialFixedSampler, RandomSampler

from modelyard.domain.errors import InvalidInput
from modelyard.domain.search_policy import GridSampling
from modelyard.tuning.sampling_strategy import SamplingStrategy, SearchExhausted, experimental
from modelyard.tuning.space import continuous_parameters, grid


class GridStrategy(SamplingStrategy):
    spec = GridSampling

    def check(self, spec: GridSampling) -> None:
        found = continuous_parameters(self.problem.space)
        if found:
            raise InvalidInput(
                f"A grid needs values that can be listed; '{found[0]}' is continuous.",
                field=f"search_space.{found[0]}",
                mend="make it a choice of values, or use the sampling algorithm 'random' or 'bayesian'",
            )

    def sampler(self, number: int) -> BaseSampler:
        fixed = self._combination(number)
        with experimental():
            return PartialFixedSampler(fixed, RandomSampler(seed=0))

    def _combination(self, number: int) -> dict[str, Any]:
        """Combination `number`; the walk is kept, since numbers are asked in order."""
        position, walk = getattr(self, "_walk", (0, None))
        if walk is None or position > number:
            position, walk = 0, grid(self.problem.space)
        found: dict[str, Any] | None = next(islice(walk, number - position, None), None)
        self._walk = (number + 1, walk)
        if found is None:
            raise SearchExhausted(f"The grid has {number} combinations or fewer; all were tried.")
        return found
