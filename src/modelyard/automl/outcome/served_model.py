"""What every finished model offers whoever asks for predictions: a scorer, MLflow, scikit-learn, a notebook."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from modelyard.automl.outcome.input_table import ColumnKind, InputColumn, InputTable
from modelyard.automl.task import Task
from modelyard.domain.errors import InvalidInput

FORMAT = "modelyard-automl"
VERSION = 1

Label = str | int | float | bool


@dataclass(frozen=True)
class ServedModel(ABC):
    """Threads may share it, one call at a time."""

    kind: ClassVar[str]

    task: Task
    columns: tuple[InputColumn, ...]
    """What it takes, in order."""
    classes: tuple[Label, ...]
    """Labels in the order of the probabilities; empty for regression."""

    @abstractmethod
    def outputs_of(self, arrays: Mapping[str, np.ndarray], threads: int = 1) -> np.ndarray:
        """As `outputs`, of arrays that have been checked: one a column, of the kind that `InputTable` says."""

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """JSON values, texts, bytes and numpy arrays: `header()` and what the kind needs beside it."""

    @abstractmethod
    def modules(self) -> frozenset[str]:
        """Names of the modules whose classes it is made of."""

    def outputs(self, data: Any, threads: int = 1) -> np.ndarray:
        """(rows,) for regression, (rows, classes) probabilities for classification."""
        return self.outputs_of(InputTable.of(data, self.columns).arrays, threads)

    def predict(self, data: Any, threads: int = 1) -> np.ndarray:
        """(rows,): values, or the labels that are most probable.

        `data` is a frame, a list of rows as mappings, or a mapping of columns; a mapping of scalars is one row.

        Raises:
            InvalidInput: a column is missing or its values are of another kind.
        """
        return self.decided(self.outputs(data, threads))

    def predict_proba(self, data: Any, threads: int = 1) -> np.ndarray:
        """(rows, classes), in the order of `classes`.

        Raises:
            InvalidInput: as `predict`, and for a regression.
        """
        if not self.task.is_classification:
            raise InvalidInput("A regression has no probabilities.", field="task", mend="call predict")
        return self.outputs(data, threads)

    def decided(self, outputs: np.ndarray) -> np.ndarray:
        """(rows,): the most probable label of each row of `outputs`; for a regression, `outputs`."""
        return self.labels[outputs.argmax(axis=1)] if self.task.is_classification else outputs

    @cached_property
    def labels(self) -> np.ndarray:
        return label_array(self.classes)

    def header(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "version": VERSION,
            "kind": self.kind,
            "task": self.task.value,
            "classes": list(self.classes),
            "columns": [[column.name, column.kind.value, column.example] for column in self.columns],
        }


def from_header(state: Mapping[str, Any]) -> tuple[Task, tuple[InputColumn, ...], tuple[Label, ...]]:
    """Task, columns and classes of `header()`."""
    columns = tuple(InputColumn(name, ColumnKind(kind), example) for name, kind, example in state["columns"])
    return Task(state["task"]), columns, tuple(state["classes"])


def label_array(classes: Sequence[Label]) -> np.ndarray:
    """Labels as an array of their own type: bool, int64, float64, or objects where they are texts or mixed."""
    kinds = {type(label) for label in classes}
    if kinds <= {bool}:
        return np.array(classes, dtype=np.bool_)
    if kinds <= {int}:
        return np.array(classes, dtype=np.int64)
    if kinds <= {int, float}:
        return np.array(classes, dtype=np.float64)
    return np.array([*classes, None], dtype=object)[:-1]
