"""A Gaussian process with log expected improvement (Ament et al. 2023), by Optuna; needs torch."""

from __future__ import annotations

from optuna.samplers import BaseSampler, GPSampler, RandomSampler

from modelyard.domain.extras import require
from modelyard.domain.search_policy import GaussianProcessSampling
from modelyard.tuning.sampling_strategy import SamplingStrategy, experimental


class GaussianProcessStrategy(SamplingStrategy):
    spec = GaussianProcessSampling

    def check(self, spec: GaussianProcessSampling) -> None:
        super().check(spec)
        require("torch", extra="gp", what="The sampling algorithm 'gp'")

    def sampler(self, number: int) -> BaseSampler:
        seed = self.seed_of(number)
        with experimental():
            return GPSampler(
                seed=seed,
                n_startup_trials=self.spec_values.startup_trials,
                independent_sampler=RandomSampler(seed=seed),
                warn_independent_sampling=False,
            )
