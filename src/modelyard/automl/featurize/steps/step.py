"""The promise of a step."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self, TypeAlias

import numpy as np

from modelyard.automl.featurize.coded import Coded
from modelyard.automl.task import Task

Array = np.ndarray
Values: TypeAlias = Any
"""A float64 or datetime64 array, or Coded."""


@dataclass(frozen=True)
class Goal:
    """What a step may learn from beside its column: the target of the rows it is fitted to."""

    task: Task
    target: Array
    """Class numbers, or numbers."""
    classes: int
    folds: Array
    """(rows,) fold of each row, for encodings that must not see their own row's target."""


class Step(ABC):
    """One column in, one or several features out. Fitted once, then only read.

    `values` are Coded where `coded` says so; else an array of float64, datetime64, or Coded for what was text.
    """

    kind: ClassVar[str]
    coded: ClassVar[bool] = False
    """Takes labels, whatever the column holds."""

    @abstractmethod
    def fit_transform(self, values: Values, goal: Goal) -> Any:
        """(rows, width) float32, or a CSR matrix. What stands in it for a row never depends on that row's target."""

    @abstractmethod
    def transform(self, values: Values) -> Any:
        """(rows, width) float32 or CSR, each row for itself."""

    def row(self, value: Any) -> list[float]:
        """The features of one value, as `transform` makes them. Takes microseconds where a step has its own way."""
        plain = isinstance(value, int | float | np.number | np.datetime64) and not self.coded
        values = np.array([value]) if plain else Coded.of([value])
        made = self.transform(values)
        return list((made if isinstance(made, np.ndarray) else made.toarray())[0].tolist())

    @abstractmethod
    def names(self, column: str) -> list[str]: ...

    def codes(self) -> list[tuple[int, int]]:
        """Features that hold codes: their place and number of codes."""
        return []

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """JSON values and arrays."""

    @classmethod
    @abstractmethod
    def restore(cls, state: Mapping[str, Any]) -> Self: ...
