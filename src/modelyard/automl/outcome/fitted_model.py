"""The part of a winner that answers: columns in, predictions out. It travels with every saved model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from modelyard.automl.ensemble.fitted_ensemble import FittedEnsemble
from modelyard.automl.featurize.design import Design
from modelyard.automl.outcome.input_table import InputColumn, InputTable
from modelyard.automl.task import Task
from modelyard.domain.errors import InvalidInput

Label = str | int | float | bool


class Transformer(Protocol):
    """A fitted featurizer, as far as a prediction needs it."""

    def transform(self, columns: Mapping[str, np.ndarray]) -> Design: ...

    def state(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True)
class FittedModel:
    """Featurizers and an ensemble over them. Threads may share it one call at a time."""

    task: Task
    columns: tuple[InputColumn, ...]
    """What it takes, in order."""
    classes: tuple[Label, ...]
    """Labels in the order of the probabilities; empty for regression."""
    featurizers: Mapping[str, Transformer]
    """By the name of the design they make: a view, or `tree/0` where models of folds keep their own."""
    ensemble: FittedEnsemble

    def outputs(self, data: Any, threads: int = 1) -> np.ndarray:
        """(rows,) for regression, (rows, classes) probabilities for classification."""
        return self.outputs_of(InputTable.of(data, self.columns).arrays, threads)

    def outputs_of(self, arrays: Mapping[str, np.ndarray], threads: int = 1) -> np.ndarray:
        """As `outputs`, of arrays that have been checked: one a column, of the kind that `InputTable` says."""
        designs = {name: self.featurizers[name].transform(arrays) for name in self.ensemble.designs}
        return self.ensemble.predict(designs, threads)

    def predict(self, data: Any, threads: int = 1) -> np.ndarray:
        """(rows,): values, or the labels that are most probable.

        `data` is a frame, a list of rows as mappings, or a mapping of columns; a mapping of scalars is one row.

        Raises:
            InvalidInput: a column is missing or its values are of another kind.
        """
        return self.decided(self.outputs(data, threads))

    def decided(self, outputs: np.ndarray) -> np.ndarray:
        """(rows,): the most probable label of each row of `outputs`; for a regression, `outputs`."""
        return self.labels[outputs.argmax(axis=1)] if self.task.is_classification else outputs

    def predict_proba(self, data: Any, threads: int = 1) -> np.ndarray:
        """(rows, classes), in the order of `classes`.

        Raises:
            InvalidInput: as `predict`, and for a regression.
        """
        refuse_without_classes(self.task)
        return self.outputs(data, threads)

    @cached_property
    def labels(self) -> np.ndarray:
        return label_array(self.classes)


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


def refuse_without_classes(task: Task) -> None:
    if not task.is_classification:
        raise InvalidInput("A regression has no probabilities.", field="task", mend="call predict")
