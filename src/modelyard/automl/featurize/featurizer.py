"""Columns in, a design out: the steps of a plan for one view."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Self

import numpy as np

from modelyard.automl.featurize.design import Design, View
from modelyard.automl.featurize.feature_plan import FeaturePlan
from modelyard.automl.featurize.purposes import Purpose
from modelyard.automl.featurize.steps.categories import Codes, Frequency, OneHot, TargetMeans
from modelyard.automl.featurize.steps.dates import Unfolded
from modelyard.automl.featurize.steps.numbers import Imputed, Plain, Scaled
from modelyard.automl.featurize.steps.step import Goal, Step
from modelyard.automl.featurize.steps.texts import Reduced
from modelyard.automl.outcome.input_table import InputColumn, InputTable
from modelyard.domain.extras import LazyModule

sparse: Any = LazyModule("scipy.sparse", extra="automl", what="sparse designs")

_KINDS: Mapping[str, type[Step]] = {
    kind.kind: kind for kind in (Plain, Imputed, Scaled, Codes, OneHot, Frequency, TargetMeans, Unfolded, Reduced)
}
_INNER_FOLDS = 5
_SPARSE_SHARE = 0.15
_SPARSE_WIDTH = 100
_FEW_LEVELS = 10


class Featurizer:
    """Fitted to the rows of a fold, it makes designs of one view. `transform` changes nothing in it that is seen."""

    def __init__(self, plan: FeaturePlan, view: View) -> None:
        self.plan = plan
        self.view = view
        self._steps: list[tuple[InputColumn, Step]] = []
        self._sparse = False

    def fit_transform(self, frame: Any, target: np.ndarray, seed: int) -> Design:
        """The design of the rows that it learns from; encodings of the target are out of fold within them."""
        arrays = InputTable.of(frame, self.plan.used).arrays
        folds = np.random.default_rng(seed).permutation(len(target)) % _INNER_FOLDS
        goal = Goal(self.plan.task, target, self.plan.classes, folds)
        self._steps, parts = [], []
        for column in self.plan.used:
            for step in self._steps_of(column, arrays[column.name]):
                made = step.fit_transform(arrays[column.name], goal)
                if made.shape[1]:
                    self._steps.append((column, step))
                    parts.append(made)
        self._sparse = self._is_sparse(parts)
        return self._design(parts)

    def transform(self, columns: Any) -> Design:
        """The design of any rows: a frame, or arrays by column as `InputTable` makes them."""
        arrays = columns if isinstance(columns, dict) else InputTable.of(columns, self.plan.used).arrays
        return self._design([step.transform(arrays[column.name]) for column, step in self._steps])

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for column, step in self._steps for name in step.names(column.name))

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
        made._steps = [(columns[one["column"]], _KINDS[one["kind"]].restore(one["state"])) for one in state["steps"]]
        made._sparse = bool(state["sparse"])
        return made

    def _steps_of(self, column: InputColumn, values: np.ndarray) -> Iterator[Step]:
        purpose = self.plan.purposes[column.name]
        strategy, fill = self.plan.imputations.get(column.name, ("", 0.0))
        trees = self.view in (View.TREE, View.CODES)
        if purpose is Purpose.NUMERIC:
            if trees:
                yield Imputed(strategy, fill) if strategy else Plain()
            else:
                yield Scaled(strategy or "median", fill, positive=self.view is View.COUNTS)
        elif purpose is Purpose.DATE:
            if self.view is not View.COUNTS:
                yield Unfolded(cyclic=not trees)
        elif purpose is Purpose.TEXT:
            yield from self._text_steps()
        else:
            yield from self._category_steps(purpose, values)

    def _text_steps(self) -> Iterator[Step]:
        if self.view is View.COUNTS or "tf_idf" in self.plan.blocked:
            return
        yield Reduced(24, counts=self.view in (View.TREE, View.CODES))

    def _category_steps(self, purpose: Purpose, values: np.ndarray) -> Iterator[Step]:
        high = purpose is Purpose.HIGH_CARDINALITY
        encoded = self.view is not View.CODES and "cat_target_encoder" not in self.plan.blocked
        if self.view in (View.TREE, View.CODES):
            yield Codes()
            if high:
                yield Frequency()
            if encoded and (high or _more_levels(values, _FEW_LEVELS)):
                yield TargetMeans()
        else:
            if "one_hot_encoder" not in self.plan.blocked:
                yield OneHot(most={View.DENSE: 20, View.LINEAR: 100}.get(self.view, 50))
            if encoded and high and self.view is not View.COUNTS:
                yield TargetMeans()
        if high and self.view is not View.COUNTS and "tf_idf" not in self.plan.blocked:
            yield Reduced(10, pieces=True, counts=False)

    def _is_sparse(self, parts: list[np.ndarray]) -> bool:
        width = sum(part.shape[1] for part in parts)
        if self.view not in (View.LINEAR, View.COUNTS) or width < _SPARSE_WIDTH:
            return False
        filled = sum(int(np.count_nonzero(part)) for part in parts)
        return bool(filled < _SPARSE_SHARE * width * len(parts[0]))

    def _design(self, parts: list[np.ndarray]) -> Design:
        categorical, cardinalities, place = [], [], 0
        for (_, step), part in zip(self._steps, parts, strict=True):
            for index, count in step.codes():
                categorical.append(place + index)
                cardinalities.append(count)
            place += part.shape[1]
        if self._sparse:
            matrix = sparse.hstack([sparse.csr_matrix(part) for part in parts], format="csr")
        else:
            matrix = np.concatenate(parts, axis=1)
        return Design(matrix, self.names, tuple(categorical), tuple(cardinalities))


def _more_levels(values: np.ndarray, most: int) -> bool:
    seen: set[Any] = set()
    for value in values:
        seen.add(value if isinstance(value, str) else repr(value))
        if len(seen) > most:
            return True
    return False
