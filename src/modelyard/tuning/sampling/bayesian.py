"""Bayesian search: a Gaussian process while trials are few and the space suits it, the tree-structured Parzen
estimator (Bergstra et al. 2011, as Optuna keeps it) for everything else."""

from __future__ import annotations

from typing import Any

from optuna.samplers import BaseSampler

from modelyard.domain.search_policy import BayesianSampling, GaussianProcessSampling, Surrogate
from modelyard.tuning.sampling.gp import GaussianProcessStrategy
from modelyard.tuning.sampling_strategy import SamplingStrategy, experimental
from modelyard.tuning.space import is_flat, places
from modelyard.tuning.thinned_history import ThinnedHistory, ThinnedTPESampler
from modelyard.tuning.unit_cube import UnitCube

# Where the process was the better one (bench/search_quality.py); its cost grows with the cube of the trials.
_MOST_TRIALS = 150
_MOST_DIMENSIONS = 24


class BayesianStrategy(SamplingStrategy):
    spec = BayesianSampling

    def __init__(self, spec: Any, problem: Any) -> None:
        super().__init__(spec, problem)
        startup = GaussianProcessSampling(startup_trials=spec.startup_trials)
        self._process = GaussianProcessStrategy(startup, problem) if self._suits_process() else None
        self._history = ThinnedHistory()
        flat = is_flat(problem.space)
        # Sorted: the order in which the estimator draws is that of Optuna's own.
        self._whole_space = dict(sorted(places(problem.space, problem.base).items())) if flat else None

    def check(self, spec: BayesianSampling) -> None:
        """Any number of objectives (MOTPE, Ozaki et al. 2022)."""

    def sampler(self, number: int) -> BaseSampler:
        if self._process is not None and number < _MOST_TRIALS:
            return self._process.sampler(number)
        multivariate = self.spec_values.multivariate
        with experimental():
            return ThinnedTPESampler(
                self._history,
                self._whole_space if multivariate and len(self.problem.goals) == 1 else None,
                seed=self.seed_of(number),
                n_startup_trials=self.spec_values.startup_trials,
                multivariate=multivariate,
                group=multivariate and self._whole_space is None,
                constant_liar=self.spec_values.constant_liar,
            )

    def _suits_process(self) -> bool:
        problem = self.problem
        if self.spec_values.surrogate is Surrogate.TPE or len(problem.goals) != 1 or not is_flat(problem.space):
            return False
        return UnitCube(places(problem.space, problem.base)).dimensions <= _MOST_DIMENSIONS
