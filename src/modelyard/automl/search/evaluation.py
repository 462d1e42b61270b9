"""What runs in a worker: one fold of one candidate, or its fit to all rows."""

from __future__ import annotations

import pickle
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from modelyard.automl.ensemble.combiner import WeightedMean
from modelyard.automl.ensemble.fitted_ensemble import FittedEnsemble, Member
from modelyard.automl.featurize.design import Design
from modelyard.automl.models.catalogue import find
from modelyard.automl.models.tabular_model import Means, Part, TabularModel
from modelyard.automl.outcome.fitted_model import FittedModel
from modelyard.automl.outcome.measures import Measures, PeakMemory, measure
from modelyard.automl.search.fold_designs import FoldDesign, design_name, fold_design
from modelyard.automl.search.table import ALL_ROWS, Table, read_table

_MEASURE_SECONDS = 0.02
_SHARE_TO_FIT = 0.85
"""Of the time of a fold: the rest is for predicting."""
_TRAIN_ROWS_SCORED = 2_000


@dataclass(frozen=True)
class FoldTask:
    folder: Path
    number: int
    """Of the trial."""
    algorithm: str
    params: Mapping[str, Any]
    fold: int
    threads: int
    seed: int
    seconds: float
    """It may take from its start."""
    deadline: float
    """Of the whole search."""
    measured: bool
    """Whether latency, size and the score on training rows are wanted."""


@dataclass(frozen=True)
class FoldOutcome:
    prediction: np.ndarray
    """Of the fold's rows, float32 for classification."""
    fit_seconds: float
    predict_seconds: float
    featurize_seconds: float
    peak_memory_bytes: int | None = None
    measures: Measures | None = None
    train_rows: np.ndarray | None = None
    """Some of the rows learnt from, and their prediction."""
    train_prediction: np.ndarray | None = None


@dataclass(frozen=True)
class RefitTask:
    folder: Path
    number: int
    algorithm: str
    params: Mapping[str, Any]
    folds: tuple[int, ...]
    """Those whose models say how long to learn."""
    repeat: int
    """0 for the first fit, 1 for one of another seed, and so on."""
    threads: int
    seed: int
    deadline: float


def evaluate(task: FoldTask) -> FoldOutcome:
    """Fit to the fold's rows, stop early by those it holds out, predict them."""
    begun = time.monotonic()
    table = read_table(task.folder)
    kind = find(task.algorithm)
    designs = fold_design(task.folder, kind.view, task.fold)
    featurized = time.monotonic() - begun
    rows = table.fold(task.fold)
    assert designs.valid is not None
    train, valid = _part(table, designs.train, rows.train), _part(table, designs.valid, rows.valid)
    model = kind(table.task, table.classes, task.params)
    means = Means(task.threads, task.seed, min(task.deadline, begun + _SHARE_TO_FIT * task.seconds), table.metric)
    with PeakMemory() as peak:
        model.fit(train, valid, means)
    fitted = time.monotonic()
    prediction = _checked(model.predict(designs.valid, task.threads))
    predicted = time.monotonic() - fitted
    _write_model(task.folder, task.number, task.fold, model)
    found = FoldOutcome(prediction, model.fit_seconds, predicted, featurized, peak.bytes)
    # Who is late is heard without measures, rather than not at all.
    late = time.monotonic() > begun + task.seconds
    return _measured(table, task, model, designs, found) if task.measured and not late else found


def _part(table: Table, design: Design, rows: np.ndarray) -> Part:
    return Part(design, table.target[rows], None if table.weight is None else table.weight[rows])


def _checked(prediction: np.ndarray) -> np.ndarray:
    if not np.isfinite(prediction).all():
        raise ValueError("it predicted values that are not finite")
    return prediction.astype(np.float32) if prediction.ndim == 2 else prediction


def _measured(
    table: Table, task: FoldTask, model: TabularModel, designs: FoldDesign, found: FoldOutcome
) -> FoldOutcome:
    name = design_name(model.view, task.fold)
    ensemble = FittedEnsemble(table.task, table.classes, [Member((model,), (name,))], WeightedMean([1.0]))
    fitted = FittedModel(table.task, table.columns, table.labels, {name: designs.featurizer}, ensemble)
    rows = table.fold(task.fold)
    measures = measure(fitted, table.frame.iloc[rows.valid[:1000]], seconds=_MEASURE_SECONDS)
    some = np.arange(0, len(rows.train), max(1, len(rows.train) // _TRAIN_ROWS_SCORED))
    part = Design(
        designs.train.matrix[some], designs.train.names, designs.train.categorical, designs.train.cardinalities
    )
    return FoldOutcome(
        found.prediction, found.fit_seconds, found.predict_seconds, found.featurize_seconds, found.peak_memory_bytes,
        measures, rows.train[some], _checked(model.predict(part, task.threads)),
    )  # fmt: skip


def refit(task: RefitTask) -> float:
    """Fit to all rows that may be learnt from, as long as the models of the folds learnt. Returns the seconds of it."""
    table = read_table(task.folder)
    kind = find(task.algorithm)
    fits = [read_model(task.folder, table, task.number, task.algorithm, task.params, fold) for fold in task.folds]
    rows = table.fold(ALL_ROWS).train
    growth = len(rows) / float(np.mean([len(table.fold(fold).train) for fold in task.folds]))
    begun = time.monotonic()
    design = fold_design(task.folder, kind.view, ALL_ROWS).train
    model = kind(table.task, table.classes, fits[0].refit_params(fits, growth))
    model.fit(
        _part(table, design, rows),
        None,
        Means(task.threads, task.seed + 1000 * task.repeat, task.deadline, table.metric),
    )
    some = Design(design.matrix[:50], design.names, design.categorical, design.cardinalities)
    _checked(model.predict(some, task.threads))
    _write_model(task.folder, task.number, ALL_ROWS - task.repeat, model)
    return time.monotonic() - begun


def _write_model(folder: Path, number: int, fold: int, model: TabularModel) -> None:
    path = _model_path(folder, number, fold)
    path.parent.mkdir(exist_ok=True)
    part = path.with_suffix(".part")
    part.write_bytes(pickle.dumps((dict(model.params), model.state()), protocol=5))
    part.replace(path)


def has_model(folder: Path, number: int, fold: int) -> bool:
    return _model_path(folder, number, fold).is_file()


def read_model(
    folder: Path, table: Table, number: int, algorithm: str, params: Mapping[str, Any], fold: int
) -> TabularModel:
    """The model that a trial fitted to a fold (to all rows: ALL_ROWS, one less for each repeat)."""
    used, state = pickle.loads(_model_path(folder, number, fold).read_bytes())
    return find(algorithm).restore(table.task, table.classes, used or params, state)


def _model_path(folder: Path, number: int, fold: int) -> Path:
    return folder / "models" / f"{number}-{fold if fold > ALL_ROWS else f'all{ALL_ROWS - fold}'}.pickle"
