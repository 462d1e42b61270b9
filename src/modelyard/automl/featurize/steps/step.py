"""The promise of a step."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from modelyard.automl.task import Task

Array = np.ndarray


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

    `values` is an array of one of the kinds that `InputTable` makes: float64, datetime64 or objects.
    """

    kind: ClassVar[str]

    @abstractmethod
    def fit_transform(self, values: Array, goal: Goal) -> Array:
        """(rows, width) float32. What stands in it for a row never depends on that row's own target."""

    @abstractmethod
    def transform(self, values: Array) -> Array:
        """(rows, width) float32, each row for itself."""

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
