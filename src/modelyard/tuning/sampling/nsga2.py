"""NSGA-II (Deb et al. 2002), by Optuna: several objectives, or one."""

from __future__ import annotations

from optuna.samplers import BaseSampler, NSGAIISampler

from modelyard.domain.search_policy import Nsga2Sampling
from modelyard.tuning.sampling_strategy import SamplingStrategy


class Nsga2Strategy(SamplingStrategy):
    spec = Nsga2Sampling

    def check(self, spec: Nsga2Sampling) -> None:
        """Any number of objectives."""

    def sampler(self, number: int) -> BaseSampler:
        return NSGAIISampler(population_size=self.spec_values.population_size, seed=self.seed_of(number))
