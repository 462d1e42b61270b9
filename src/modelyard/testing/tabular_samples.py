"""Small designs of every view, with what such a view promises: gaps, codes, sparsity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from modelyard.automl.featurize.design import Design, View
from modelyard.automl.models.tabular_model import Part, Shape
from modelyard.automl.task import Task
from modelyard.domain.extras import require

_CODES = 5


@dataclass(frozen=True)
class Sample:
    train: Part
    watch: Part
    shape: Shape


def sample(view: View, task: Task, rows: int = 240, seed: int = 0) -> Sample:
    """Four numbers and a category, of which three tell of the target."""
    chance = np.random.default_rng(seed)
    numbers = chance.normal(size=(rows, 4))
    codes = chance.integers(0, _CODES, rows)
    signal = 1.5 * numbers[:, 0] - numbers[:, 1] ** 2 + np.array([0.0, 2.0, -2.0, 1.0, 0.0])[codes]
    signal += 0.3 * chance.normal(size=rows)
    classes = {Task.BINARY: 2, Task.MULTICLASS: 3}.get(task, 1)
    target = signal * 10 + 50
    if task.is_classification:
        cuts = np.quantile(signal, np.arange(1, classes) / classes)
        target = np.searchsorted(cuts, signal).astype(np.int64)
    design = _design(view, numbers, codes)
    half = rows * 2 // 3
    shape = Shape(task, half, design.matrix.shape[1], len(design.categorical), classes)
    return Sample(part(design, target, slice(0, half)), part(design, target, slice(half, rows)), shape)


def part(design: Design, target: np.ndarray, rows: slice | np.ndarray, weight: np.ndarray | None = None) -> Part:
    return Part(of_rows(design, rows), target[rows], weight)


def of_rows(design: Design, rows: slice | np.ndarray) -> Design:
    return Design(design.matrix[rows], design.names, design.categorical, design.cardinalities)


def _design(view: View, numbers: np.ndarray, codes: np.ndarray) -> Design:
    plain = ("a", "b", "c", "d")
    if view in (View.TREE, View.CODES):
        matrix = np.column_stack([numbers, codes]).astype(np.float32)
        # Every thirteenth number is missing, and every seventeenth category.
        matrix[::13, 2], matrix[::17, 4] = np.nan, np.nan
        return Design(matrix, (*plain, "code"), (4,), (_CODES,))
    names = (*plain, *(f"code={code}" for code in range(_CODES)))
    shown = numbers if view is not View.COUNTS else (np.clip(numbers, -3, 3) + 3) / 6
    matrix = np.column_stack([shown, np.eye(_CODES)[codes]]).astype(np.float32)
    if view in (View.LINEAR, View.COUNTS):
        sparse = require("scipy.sparse", extra="automl", what="a sparse sample")
        return Design(sparse.csr_matrix(matrix), names)
    return Design(matrix, names)
