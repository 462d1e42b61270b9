"""The promise of a candidate for tables."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from modelyard.automl.featurize.design import Design, View
from modelyard.automl.task import Task
from modelyard.domain.search_space import AnyDistribution

Params = Mapping[str, Any]


@dataclass(frozen=True)
class Shape:
    """What a model may know of its data before it sees them."""

    task: Task
    rows: int
    features: int
    categorical: int = 0
    classes: int = 1
    nonzero_fraction: float = 1.0


@dataclass(frozen=True)
class Part:
    """Rows that a model is fitted to or watched on."""

    design: Design
    target: np.ndarray
    """(rows,): float64 for regression, class numbers from 0 (int64) for classification."""
    weight: np.ndarray | None = None


@dataclass(frozen=True)
class Means:
    """What a fit may use."""

    threads: int = 1
    seed: int = 0
    deadline: float | None = None
    """`time.monotonic()` at which fit must return with what it has, or raise OutOfTime."""
    metric: str = ""
    """The primary metric, for models that stop early by one."""


class OutOfTime(Exception):
    """The deadline came before there was a usable model."""


class TabularModel(ABC):
    """A learner with its parameters; after `fit`, a model. One thread uses it at a time.

    A subclass writes `_fit` and `predict`, and says what it is by its class attributes.
    """

    name: ClassVar[str]
    """Canonical name of the algorithm, Azure ML's where it has one."""
    aliases: ClassVar[tuple[str, ...]] = ()
    """Further names a user may write, such as `XGBoostRegressor`."""
    tasks: ClassVar[frozenset[Task]]
    view: ClassVar[View]
    extra_module: ClassVar[str | None] = None
    """Optional library; the model is left out, with a line, where it is not installed."""

    def __init__(self, task: Task, classes: int, params: Params) -> None:
        self.task = task
        self.classes = classes
        self.params = dict(params)
        self.fit_seconds = 0.0

    @classmethod
    @abstractmethod
    def default(cls, shape: Shape) -> Params:
        """Parameters that are good without any search."""

    @classmethod
    @abstractmethod
    def space(cls, shape: Shape) -> Mapping[str, AnyDistribution]:
        """Where guided search may go; empty where there is nothing to tune."""

    @classmethod
    def portfolio(cls, shape: Shape) -> Sequence[Params]:
        """Strong configurations, best first; the default is the first."""
        return [cls.default(shape)]

    @classmethod
    @abstractmethod
    def memory_bytes(cls, shape: Shape, params: Params) -> int:
        """Peak memory of a fit beyond the data themselves, estimated."""

    @classmethod
    @abstractmethod
    def seconds(cls, shape: Shape, params: Params, threads: int) -> float:
        """Duration of one fit, roughly (within a factor of three or so), on a core of today."""

    def fit(self, train: Part, watch: Part | None, means: Means) -> Self:
        """Learn from `train`. `watch`, where given, decides when to stop and is not learnt from.

        Raises:
            OutOfTime: nothing usable at the deadline.
        """
        begun = time.monotonic()
        self._fit(train, watch, means)
        self.fit_seconds = time.monotonic() - begun
        return self

    @abstractmethod
    def _fit(self, train: Part, watch: Part | None, means: Means) -> None: ...

    @abstractmethod
    def predict(self, design: Design, threads: int = 1) -> np.ndarray:
        """(rows,) for regression, (rows, classes) probabilities that sum to 1 for classification."""

    def refit_params(self, fits: Sequence[Self], growth: float) -> Params:
        """Parameters to fit all rows with no one to watch: e.g. the mean number of trees at which `fits` stopped.

        `growth` is the factor by which the rows grew.
        """
        return self.params

    def fitted_params(self) -> dict[str, Any]:
        """Parameters that fit this model again: those given, and what the watch or the clock decided."""
        return dict(self.params)

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """What `restore` needs: JSON values, texts, bytes and numpy arrays (none of objects). Never a pickle."""

    @classmethod
    @abstractmethod
    def restore(cls, task: Task, classes: int, params: Params, state: Mapping[str, Any]) -> Self:
        """The fitted model of `state`."""

    def importances(self) -> np.ndarray | None:
        """One a feature, by the model's own account; None where it has none."""
        return None
