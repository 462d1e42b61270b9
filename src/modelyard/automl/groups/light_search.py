"""The search of one group: a few candidates on its rows, the best of them fitted to all. Runs inside a worker."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from modelyard.automl.ensemble.fitted_ensemble import FittedEnsemble
from modelyard.automl.featurize.design import Design, View
from modelyard.automl.featurize.feature_plan import FeaturePlan
from modelyard.automl.featurize.featurizer import Featurizer
from modelyard.automl.models.baseline import Baseline
from modelyard.automl.models.catalogue import find
from modelyard.automl.models.tabular_model import Means, Params, Part, Shape, TabularModel
from modelyard.automl.outcome.fitted_model import FittedModel
from modelyard.automl.outcome.input_table import InputColumn
from modelyard.automl.outcome.model_archive import model_bytes
from modelyard.automl.outcome.served_model import Label
from modelyard.automl.plan.settings import Validation
from modelyard.automl.task import Task
from modelyard.automl.validate.metrics import metric
from modelyard.automl.validate.splits import Fold, make_splits

_FEW_ROWS = 400
_HELD_OUT = 0.2
_LEAVES = ((1_000, 8), (10_000, 15))
"""Leaves a tree below so many rows."""


@dataclass(frozen=True)
class LightTask:
    """What all groups share. `classes` are those of the whole table; `algorithms` canonical names, best guess first."""

    task: Task
    classes: tuple[Label, ...]
    columns: tuple[InputColumn, ...]
    plan: FeaturePlan
    metric: str
    algorithms: tuple[str, ...]
    seed: int = 0
    extent: float | None = None
    """Range of the whole table's target, by which metrics are normalised: groups' scores are then of one unit."""


@dataclass(frozen=True)
class LightResult:
    archive: bytes
    algorithm: str
    score: float
    """On rows held out; NaN where there were too few to hold any."""
    baseline: float
    """Of the best constant, on the same rows."""
    seconds: float
    modules: frozenset[str]


@dataclass(frozen=True)
class _Candidate:
    kind: type[TabularModel]
    params: Params
    fits: tuple[TabularModel, ...]
    score: float


def search_group(
    shared: LightTask, arrays: Mapping[str, np.ndarray], target: np.ndarray, seconds: float | None
) -> LightResult:
    """The best of the candidates for the rows of `arrays`, with classes numbered as in `shared.classes`.

    Candidates after the first are tried while less than a third of `seconds` has gone. A group of one class, or of
    hardly any rows, gets a constant.
    """
    begun = time.monotonic()
    own = _OwnClasses.of(shared, target)
    group = _Group(shared, own, arrays)
    folds = group.folds()
    tried: list[_Candidate] = []
    for name in shared.algorithms if folds else ():
        if tried and seconds is not None and time.monotonic() - begun > seconds / 3:
            break
        # A candidate that fails costs only itself; a constant is always there.
        with contextlib.suppress(Exception):
            tried.append(group.tried(find(name), folds))
    loss = metric(shared.metric, own.task).loss
    best = min(tried, key=lambda one: loss(one.score), default=None)
    baseline = group.tried(Baseline, folds).score if folds else float("nan")
    if best is not None and loss(best.score) > loss(baseline):
        best = None
    model, algorithm = group.refitted(best)
    score = best.score if best else baseline
    elapsed = time.monotonic() - begun
    return LightResult(model_bytes(model), algorithm, score, baseline, elapsed, model.modules())


@dataclass(frozen=True)
class _OwnClasses:
    """The classes that the group has, renumbered from 0."""

    task: Task
    classes: tuple[Label, ...]
    target: np.ndarray

    @classmethod
    def of(cls, shared: LightTask, target: np.ndarray) -> _OwnClasses:
        if not shared.task.is_classification:
            return cls(shared.task, (), target)
        present, numbers = np.unique(target, return_inverse=True)
        task = Task.BINARY if len(present) <= 2 else Task.MULTICLASS
        if len(present) == 1:  # Constant: told over all classes, so that models see the task they know.
            return cls(shared.task, shared.classes, target)
        return cls(task, tuple(shared.classes[number] for number in present), numbers.astype(np.int64))


class _Group:
    def __init__(self, shared: LightTask, own: _OwnClasses, arrays: Mapping[str, np.ndarray]) -> None:
        self._shared = shared
        self._own = own
        self._arrays = arrays
        self._designs: dict[tuple[View, int], tuple[Design, Design]] = {}
        self._metric = metric(shared.metric, own.task).scaled(shared.extent)

    def folds(self) -> Sequence[Fold]:
        """One split for larger groups, three folds for smaller ones; none where a class would have no rows to spare."""
        target = self._own.target
        counts = np.unique(target, return_counts=True)[1] if self._own.task.is_classification else [len(target)]
        if len(target) < 12 or min(counts) < 3 or target.min() == target.max():
            return ()
        validation = Validation(folds=3) if len(target) < _FEW_ROWS else Validation(fraction=_HELD_OUT)
        return make_splits(self._own.task, target, validation, seed=self._shared.seed).folds

    def tried(self, kind: type[TabularModel], folds: Sequence[Fold]) -> _Candidate:
        fits, scores = [], []
        target = self._own.target
        for number, fold in enumerate(folds):
            train, valid = self._fold_designs(kind.view, number, fold)
            params = _light_params(kind, self._shape(train))
            model = kind(self._own.task, self._outputs, params)
            watch = Part(valid, target[fold.valid])
            fits.append(model.fit(Part(train, target[fold.train]), watch, self._means))
            scores.append(self._metric.score(target[fold.valid], model.predict(valid)))
        return _Candidate(kind, fits[0].params, tuple(fits), float(np.mean(scores)))

    def refitted(self, best: _Candidate | None) -> tuple[FittedModel, str]:
        """The candidate fitted to all rows, with no one to watch; without one, a constant."""
        kind = best.kind if best else Baseline
        featurizer = Featurizer(self._shared.plan, kind.view)
        target = self._own.target
        design = featurizer.fit_transform(self._arrays, target, self._shared.seed)
        if best is not None:
            growth = len(target) / max(1, len(target) - len(target) // max(2, len(best.fits) or round(1 / _HELD_OUT)))
            params = best.fits[0].refit_params(best.fits, growth)
        else:
            params = Baseline.default(self._shape(design))
        model = kind(self._own.task, self._outputs, params).fit(Part(design, target), None, self._means)
        fitted = FittedModel(
            self._own.task,
            self._shared.columns,
            self._own.classes,
            {str(kind.view): featurizer},
            FittedEnsemble.single(model),
        )
        return fitted, kind.name

    @property
    def _outputs(self) -> int:
        return max(1, len(self._own.classes))

    @property
    def _means(self) -> Means:
        return Means(threads=1, seed=self._shared.seed, metric=self._shared.metric)

    def _fold_designs(self, view: View, number: int, fold: Fold) -> tuple[Design, Design]:
        found = self._designs.get((view, number))
        if found is None:
            featurizer = Featurizer(self._shared.plan, view)
            train = featurizer.fit_transform(_rows(self._arrays, fold.train), self._own.target[fold.train], self._seed)
            found = (train, featurizer.transform(_rows(self._arrays, fold.valid)))
            self._designs[view, number] = found
        return found

    @property
    def _seed(self) -> int:
        return self._shared.seed

    def _shape(self, design: Design) -> Shape:
        rows, features = design.matrix.shape
        return Shape(self._own.task, rows, features, len(design.categorical), self._outputs)


def _light_params(kind: type[TabularModel], shape: Shape) -> Params:
    """The default, for boosted trees with steps and trees that suit thousands of rows: a group costs tenths of a
    second, and small trees are the better ones there."""
    default = dict(kind.default(shape))
    if kind.name == "LightGBM":
        default["learning_rate"] = max(0.1, default["learning_rate"])
        default["num_leaves"] = next((leaves for rows, leaves in _LEAVES if shape.rows < rows), 31)
    return default


def _rows(arrays: Mapping[str, np.ndarray], rows: np.ndarray) -> dict[str, Any]:
    return {name: values[rows] for name, values in arrays.items()}
