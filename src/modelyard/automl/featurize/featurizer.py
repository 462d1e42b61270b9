"""Columns in, a design out: the steps of a plan for one view."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Self

import numpy as np

from modelyard.automl.featurize.coded import Coded
from modelyard.automl.featurize.design import Design, View
from modelyard.automl.featurize.feature_plan import FeaturePlan, prepared
from modelyard.automl.featurize.recipe import KINDS, steps_of
from modelyard.automl.featurize.steps.step import Goal, Step, Values
from modelyard.automl.outcome.input_table import InputColumn, InputTable
from modelyard.domain.extras import LazyModule

sparse: Any = LazyModule("scipy.sparse", extra="automl", what="sparse designs")

_INNER_FOLDS = 5
_SPARSE_SHARE = 0.15
_SPARSE_WIDTH = 100
_NOTHING = "(nothing)"
"""The one feature, always 0, of a view in which no column says anything."""


class Featurizer:
    """Fitted to the rows of a fold, it makes designs of one view. `transform` changes nothing in it that is seen."""

    def __init__(self, plan: FeaturePlan, view: View) -> None:
        self.plan = plan
        self.view = view
        self._steps: list[tuple[InputColumn, Step]] = []
        self._sparse = False
        self._named: _Named | None = None

    def fit_transform(self, frame: Any, target: np.ndarray, seed: int) -> Design:
        """The design of the rows that it learns from; encodings of the target are out of fold within them."""
        columns = _Columns(self._arrays(frame))
        folds = np.random.default_rng(seed).permutation(len(target)) % _INNER_FOLDS
        goal = Goal(self.plan.task, target, self.plan.classes, folds)
        self._steps, self._named, parts = [], None, []
        for column in self.plan.used:
            for step in steps_of(self.plan, self.view, column.name, columns.as_purposed(column.name, self.plan)):
                made = step.fit_transform(columns.values(column.name, step), goal)
                if made.shape[1]:
                    self._steps.append((column, step))
                    parts.append(made)
        self._sparse = self._is_sparse(parts)
        return self._design(parts, len(target))

    def transform(self, columns: Any) -> Design:
        """The design of any rows: a frame, or arrays by column as `InputTable` makes them. One row alone is dense."""
        arrays = self._arrays(columns)
        rows = len(next(iter(arrays.values()))) if arrays else 0
        if rows == 1 and self._steps:
            return self._single(arrays)
        table = _Columns(arrays)
        return self._design([step.transform(table.values(column.name, step)) for column, step in self._steps], rows)

    @property
    def names(self) -> tuple[str, ...]:
        return self._features().names

    def sources(self) -> tuple[str, ...]:
        """The column that each feature comes from."""
        return tuple(column.name for column, step in self._steps for _ in step.names(column.name))

    def state(self) -> dict[str, Any]:
        steps = [{"column": column.name, "kind": step.kind, "state": step.state()} for column, step in self._steps]
        return {"plan": self.plan.to_dict(), "view": str(self.view), "sparse": self._sparse, "steps": steps}

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> Self:
        made = cls(FeaturePlan.from_dict(state["plan"]), View(state["view"]))
        columns = {column.name: column for column in made.plan.columns}
        made._steps = [(columns[one["column"]], KINDS[one["kind"]].restore(one["state"])) for one in state["steps"]]
        made._sparse = bool(state["sparse"])
        return made

    def described(self) -> list[tuple[str, str, tuple[str, ...]]]:
        """Column, kind of step and features, in the order of the features."""
        return [(column.name, step.kind, tuple(step.names(column.name))) for column, step in self._steps]

    def _arrays(self, data: Any) -> Mapping[str, np.ndarray]:
        if isinstance(data, dict) and all(isinstance(values, np.ndarray) for values in data.values()):
            return data
        return InputTable.of(data, self.plan.used).arrays

    def _is_sparse(self, parts: list[Any]) -> bool:
        width = sum(part.shape[1] for part in parts)
        if self.view not in (View.LINEAR, View.COUNTS) or width < _SPARSE_WIDTH:
            return False
        filled = sum(int(np.count_nonzero(part) if isinstance(part, np.ndarray) else part.nnz) for part in parts)
        return bool(filled < _SPARSE_SHARE * width * parts[0].shape[0])

    def _design(self, parts: list[Any], rows: int) -> Design:
        if not parts:
            matrix: Any = np.zeros((rows, 1), dtype=np.float32)
        elif self._sparse:
            matrix = sparse.hstack([sparse.csr_matrix(part) for part in parts], format="csr", dtype=np.float32)
        else:
            dense = [part if isinstance(part, np.ndarray) else part.toarray() for part in parts]
            matrix = np.concatenate(dense, axis=1)
        return self._features().design(matrix)

    def _single(self, arrays: Mapping[str, np.ndarray]) -> Design:
        """Without arrays on the way, which cost more than the work on one row."""
        found: list[float] = []
        features = self._features()
        for name, row in features.rows:
            found += row(_cell(arrays[name]))
        return features.design(np.array([found], dtype=np.float32))

    def _features(self) -> _Named:
        if self._named is None:
            self._named = _Named(self._steps)
        return self._named

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_named": None}


class _Named:
    """What the designs of a featurizer have in common, worked out once."""

    def __init__(self, steps: list[tuple[InputColumn, Step]]) -> None:
        self.names = tuple(name for column, step in steps for name in step.names(column.name)) or (_NOTHING,)
        self.rows: list[tuple[str, Callable[[Any], list[float]]]] = [(column.name, step.row) for column, step in steps]
        categorical, cardinalities, place = [], [], 0
        for column, step in steps:
            for index, count in step.codes():
                categorical.append(place + index)
                cardinalities.append(count)
            place += len(step.names(column.name))
        self._categorical, self._cardinalities = tuple(categorical), tuple(cardinalities)

    def design(self, matrix: Any) -> Design:
        return Design(matrix, self.names, self._categorical, self._cardinalities)


class _Columns:
    """Arrays as steps take them, each made once."""

    def __init__(self, arrays: Mapping[str, np.ndarray]) -> None:
        self._arrays = arrays
        self._plain: dict[str, Values] = {}
        self._coded: dict[str, Coded] = {}

    def values(self, name: str, step: Step) -> Values:
        return self._of_labels(name) if step.coded else self._as_they_are(name)

    def as_purposed(self, name: str, plan: FeaturePlan) -> Values:
        return self._of_labels(name) if plan.purposes[name].is_label else self._as_they_are(name)

    def _as_they_are(self, name: str) -> Values:
        if name not in self._plain:
            self._plain[name] = prepared(self._arrays[name])
        return self._plain[name]

    def _of_labels(self, name: str) -> Coded:
        if name not in self._coded:
            values = self._as_they_are(name)
            self._coded[name] = values if isinstance(values, Coded) else Coded.of(values)
        return self._coded[name]


def _cell(values: np.ndarray) -> Any:
    """The one value of an array, of the kind that `prepared` gives to many."""
    if values.dtype.kind == "f":
        return values.item()
    if values.dtype.kind in "iubm":
        return np.asarray(prepared(values)).item()
    return values[0]
