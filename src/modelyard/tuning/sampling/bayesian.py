"""Bayesian search by the tree-structured Parzen estimator (Bergstra et al. 2011) as Optuna keeps it."""

from __future__ import annotations

from optuna.samplers import BaseSampler, TPESampler

from modelyard.domain.search_policy import BayesianSampling
from modelyard.tuning.sampling_strategy import SamplingStrategy, experimental


class BayesianStrategy(SamplingStrategy):
    spec = BayesianSampling

    def check(self, spec: BayesianSampling) -> None:
        """Any number of objectives (MOTPE, Ozaki et al. 2022)."""

    def sampler(self, number: int) -> BaseSampler:
        with experimental():
            return TPESampler(
                seed=self.seed_of(number),
                n_startup_trials=self.spec_values.startup_trials,
                multivariate=self.spec_values.multivariate,
                group=self.spec_values.multivariate,
                constant_liar=self.spec_values.constant_liar,
            )
