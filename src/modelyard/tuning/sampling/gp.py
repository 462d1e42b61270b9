"""A Gaussian process with log expected improvement: few, expensive trials of a space without nested choices."""

from __future__ import annotations

from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import BaseSampler
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from modelyard.domain.errors import InvalidInput
from modelyard.domain.search_policy import GaussianProcessSampling
from modelyard.tuning.gaussian_process import Array, GaussianProcess, fit, propose, solved, standardise
from modelyard.tuning.sampling.random import PointSampler, SobolPoints
from modelyard.tuning.sampling_strategy import SamplingStrategy
from modelyard.tuning.space import is_flat, places
from modelyard.tuning.unit_cube import UnitCube

_FIT = "modelyard:fit"
_REFIT_GROWTH = 1.1


class GaussianProcessStrategy(SamplingStrategy):
    spec = GaussianProcessSampling

    def __init__(self, spec: Any, problem: Any) -> None:
        super().__init__(spec, problem)
        self._places = places(problem.space, problem.base)
        self._points = SobolPoints(len(self._places), problem.seed)

    def check(self, spec: GaussianProcessSampling) -> None:
        super().check(spec)
        if not is_flat(self.problem.space):
            raise InvalidInput(
                "The sampling algorithm 'gp' cannot search a choice among mappings.",
                field="sampling_algorithm",
                mend="use 'bayesian', which can",
            )

    def sampler(self, number: int) -> BaseSampler:
        first = dict(zip(self._places, self._points[number], strict=True))
        return GaussianProcessSampler(first, self.spec_values.startup_trials, self.seed_of(number))


class GaussianProcessSampler(PointSampler):
    """Sobol points until `startup_trials` results are in, then the process."""

    def __init__(self, point: dict[str, float], startup_trials: int, seed: int) -> None:
        super().__init__(point)
        self._startup_trials = startup_trials
        self._seed = seed

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        known = _told(study)
        if len(known) < self._startup_trials:
            return {}
        found = dict(known[-1].distributions)
        return found if all(_is_numeric_or_choice(distribution) for distribution in found.values()) else {}

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        if not search_space:
            return {}
        cube = UnitCube(search_space)
        told = [found for found in _told(study) if found.distributions.keys() == search_space.keys()]
        inputs = np.array([cube.encode(found.params) for found in told])
        y = standardise(_targets(told, study.direction))
        process = self._process(study, trial, inputs, y)
        best = float(process.predict(inputs)[0].min())
        running = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        pending = [cube.encode(found.params) for found in running if found.params.keys() == search_space.keys()]
        if pending:
            process = process.believing(np.array(pending), y)
        return cube.decode(propose(process, best, self._seed, cube.snap))

    def _process(self, study: Study, trial: FrozenTrial, inputs: Array, y: Array) -> GaussianProcess:
        """Fitted anew once the results are a tenth more than at the last fit, whose hyperparameters hold until then.
        A fit is kept with its trial, so that a search that was interrupted goes on with the same."""
        last = _last_fit(study, inputs.shape[1] + 2)
        if last is not None and len(y) < max(last["told"] * _REFIT_GROWTH, last["told"] + 1):
            return solved(inputs, y, np.array(last["logs"]))
        process = fit(inputs, y, self._seed, None if last is None else np.array(last["logs"]))
        kept = {"told": len(y), "logs": process.logs.tolist()}
        study._storage.set_trial_system_attr(trial._trial_id, _FIT, kept)
        return process


def _last_fit(study: Study, length: int) -> dict[str, Any] | None:
    """The newest fit over a space of the same size."""
    trials = reversed(study.get_trials(deepcopy=False))
    fits = (trial.system_attrs[_FIT] for trial in trials if _FIT in trial.system_attrs)
    return next((found for found in fits if len(found["logs"]) == length), None)


def _told(study: Study) -> list[FrozenTrial]:
    finished = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))
    return [trial for trial in finished if trial.values is not None]


def _targets(trials: list[FrozenTrial], direction: StudyDirection) -> Array:
    sign = -1.0 if direction is StudyDirection.MAXIMIZE else 1.0
    return np.array([sign * float(trial.values[0]) for trial in trials if trial.values])


def _is_numeric_or_choice(distribution: BaseDistribution) -> bool:
    return isinstance(distribution, FloatDistribution | IntDistribution | CategoricalDistribution)
