"""Guided search: what to try next, by what came of the trials so far (Optuna's tree-structured Parzen estimator)."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from modelyard.automl.models.tabular_model import Params, Shape, TabularModel
from modelyard.automl.plan.portfolio import Configuration
from modelyard.domain.extras import LazyModule
from modelyard.kit.deferred import deferred

optuna: Any = LazyModule("optuna", extra="automl", what="guided search")
spaces = deferred("modelyard.tuning.space")

_STARTUP_TRIALS = 6
# A family this far behind the best, in units of what the best gained over a constant, is tried e times less often.
_TEMPERATURE = 0.01
_FAR = 0.02
"""In the same units: families further behind are not searched, even where nothing else fits the time."""


class Guide:
    """One study a family; families are drawn by how near they came to the best, and how cheap they are."""

    def __init__(self, models: Mapping[str, type[TabularModel]], shape: Shape, seed: int, threads: int) -> None:
        self._models = {name: model for name, model in models.items() if model.space(shape)}
        self._shape = shape
        self._seed = seed
        self._threads = threads
        self._random = np.random.default_rng(seed)
        self._studies: dict[str, Any] = {}
        self._best: dict[str, float] = {}
        self._seconds: dict[str, float] = {}

    @property
    def can_propose(self) -> bool:
        return any(name in self._best for name in self._models)

    def learn(self, algorithm: str, loss: float, seconds: float) -> None:
        """A candidate of whatever origin was judged."""
        if math.isfinite(loss):
            self._best[algorithm] = min(loss, self._best.get(algorithm, math.inf))
            self._seconds[algorithm] = seconds

    def propose(self, scale: float, most_seconds: float) -> tuple[Configuration, Any] | None:
        """A configuration whose fit should take no more than `most_seconds`, and the key to `tell` its loss by.

        `scale`: what the best candidate gained over a constant prediction. None where no family fits the time.
        """
        best = min(self._best.values(), default=math.inf)
        fitting = [
            name
            for name in self._models
            if self._seconds.get(name, math.inf) <= most_seconds and self._best[name] - best <= _FAR * scale
        ]
        if not fitting:
            return None
        name = fitting[
            self._drawn([self._best[one] for one in fitting], [self._seconds[one] for one in fitting], scale)
        ]
        model, study = self._models[name], self._study(name)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            trial = study.ask()
            drawn = spaces.suggest(trial, model.space(self._shape), math.e)
        params = {**model.default(self._shape), **drawn}
        seconds = model.seconds(self._shape, params, self._threads)
        return Configuration(name, params, seconds, model.memory_bytes(self._shape, params)), (name, trial)

    def tell(self, key: Any, loss: float | None) -> None:
        """The loss of a proposal; None where it has none."""
        name, trial = key
        failed = loss is None or not math.isfinite(loss)
        state = optuna.trial.TrialState.FAIL if failed else optuna.trial.TrialState.COMPLETE
        self._study(name).tell(trial, None if failed else loss, state=state)

    def _drawn(self, losses: list[float], seconds: list[float], scale: float) -> int:
        behind = (np.array(losses) - min(losses)) / max(scale, 1e-12) / _TEMPERATURE
        weights = np.exp(-np.minimum(behind, 50.0)) / np.sqrt(np.maximum(seconds, 1e-3))
        return int(self._random.choice(len(losses), p=weights / weights.sum()))

    def _study(self, name: str) -> Any:
        if name not in self._studies:
            optuna.logging.set_verbosity(optuna.logging.ERROR)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                sampler = optuna.samplers.TPESampler(
                    n_startup_trials=_STARTUP_TRIALS, multivariate=True, constant_liar=True, seed=self._seed
                )
            self._studies[name] = optuna.create_study(direction="minimize", sampler=sampler)
        return self._studies[name]


def described(params: Params) -> str:
    """Parameters in one line, for people."""
    shown = (f"{name}={value:.4g}" if isinstance(value, float) else f"{name}={value}" for name, value in params.items())
    return ", ".join(shown)
