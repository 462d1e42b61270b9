"""What every trial of a search works on, as the workers read it: written once, read by mapping or from a cache."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from modelyard.automl.models.tabular_model import Shape
from modelyard.automl.outcome.input_table import InputColumn
from modelyard.automl.outcome.served_model import Label
from modelyard.automl.task import Task
from modelyard.automl.validate.splits import Fold, Splits

ALL_ROWS = -1
"""In place of the number of a fold: learn from every row that may be learnt from."""


@dataclass(frozen=True)
class Table:
    """Rows in the order of the training table; those of a given validation set last."""

    task: Task
    frame: Any
    """pandas, the features alone."""
    target: np.ndarray
    weight: np.ndarray | None
    columns: tuple[InputColumn, ...]
    """Those that a prediction needs: what the plan leaves out is not asked for."""
    labels: tuple[Label, ...]
    """Of the classes, in the order of their numbers."""
    plan: Any
    """FeaturePlan."""
    splits: Splits
    metric: str
    seed: int
    given_validation_rows: int = 0

    @property
    def classes(self) -> int:
        return max(1, len(self.labels))

    @property
    def outputs(self) -> int:
        return len(self.labels) if self.task.is_classification else 1

    def fold(self, number: int) -> Fold:
        """The rows of a fold; of ALL_ROWS (and what is below) those to learn from, and none to judge on."""
        if number > ALL_ROWS:
            return self.splits.folds[number]
        rows = len(self.target) - self.given_validation_rows
        return Fold(np.arange(rows), np.empty(0, dtype=int))

    def shape(self, rows: int) -> Shape:
        """As a model may know it before any design is made."""
        columns = list(self.frame.columns)
        texts = sum(getattr(self.frame[name].dtype, "kind", "O") not in "biuf" for name in columns)
        return Shape(self.task, rows, max(1, len(columns)), texts, self.classes)

    def write(self, folder: Path) -> None:
        """For the workers of this search alone; gone with its folder."""
        with (folder / "table.pickle").open("wb") as file:
            pickle.dump(self, file, protocol=5)


@lru_cache(maxsize=1)
def read_table(folder: Path) -> Table:
    with (folder / "table.pickle").open("rb") as file:
        table: Table = pickle.load(file)
    return table
