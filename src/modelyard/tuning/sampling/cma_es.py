"""Covariance matrix adaptation evolution strategy (Hansen 2016), by the cmaes package through Optuna."""

from __future__ import annotations

from optuna.samplers import BaseSampler, CmaEsSampler, RandomSampler

from modelyard.domain.errors import InvalidInput
from modelyard.domain.search_policy import CmaEsSampling
from modelyard.domain.search_space import Choice
from modelyard.tuning.sampling_strategy import SamplingStrategy, experimental


class CmaEsStrategy(SamplingStrategy):
    spec = CmaEsSampling

    def check(self, spec: CmaEsSampling) -> None:
        super().check(spec)
        if all(isinstance(distribution, Choice) for distribution in self.problem.space.values()):
            raise InvalidInput(
                "CMA-ES needs at least one numeric parameter; every parameter is a choice.",
                field="sampling_algorithm",
                mend="use 'bayesian', 'random' or 'grid'",
            )

    def sampler(self, number: int) -> BaseSampler:
        seed = self.seed_of(number)
        with experimental():
            return CmaEsSampler(
                seed=seed,
                n_startup_trials=self.spec_values.startup_trials,
                independent_sampler=RandomSampler(seed=seed),
                warn_independent_sampling=False,
                consider_pruned_trials=False,
            )
