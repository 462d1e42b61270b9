"""The target: its task, its classes, its numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Self

import numpy as np

from modelyard.automl.featurize.cells import is_missing, label, number, number_of_text
from modelyard.automl.task import Task
from modelyard.domain.errors import InvalidInput

_MOST_INTEGER_CLASSES = 20


@dataclass(frozen=True)
class TargetCoding:
    """How values of the target become what models learn, and back.

    Classes are in sorted order, a binary target's positive class last, so that it is class 1.
    """

    task: Task
    classes: tuple[Any, ...] = ()
    """Python values (texts, numbers, booleans) as the user wrote them; empty for regression."""

    @classmethod
    def of(cls, values: Any, task: Task | None = None, positive_label: Any = None) -> Self:
        """Of the values of a target without missing ones.

        Raises:
            InvalidInput: no positive label among two classes, or numbers that cannot be read.
        """
        plain = plain_values(values)
        task = told_task(plain) if task is None else task
        if not task.is_classification:
            return cls(task)
        return cls._classes(task, plain, positive_label)

    def encode(self, values: Any) -> np.ndarray:
        """Class numbers (int64; -1 for a class never seen), or float64."""
        plain = plain_values(values)
        if not self.task.is_classification:
            return np.array([number(value) for value in plain], dtype=np.float64)
        place = {label(value): index for index, value in enumerate(self.classes)}
        return np.array([place.get(label(value), -1) for value in plain], dtype=np.int64)

    def decode(self, numbers: np.ndarray) -> np.ndarray:
        """The user's own values of class numbers."""
        if not self.task.is_classification:
            return np.asarray(numbers, dtype=np.float64)
        return _array(self.classes)[np.asarray(numbers, dtype=np.int64)]

    def to_dict(self) -> dict[str, Any]:
        return {"task": str(self.task), "classes": list(self.classes)}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        return cls(Task(stored["task"]), tuple(stored["classes"]))

    @classmethod
    def _classes(cls, task: Task, plain: list[Any], positive_label: Any) -> Self:
        named: dict[str, Any] = {}
        for value in plain:
            name = label(value)
            if name is not None:
                named.setdefault(name, value if type(value) in (str, int, float, bool) else name)
        classes = [named[name] for name in sorted(named, key=lambda name: _order(named[name]))]
        if positive_label is not None:
            wanted = label(positive_label)
            if wanted not in named:
                known = ", ".join(repr(value) for value in classes[:10])
                raise InvalidInput(
                    f"no row has the positive label {positive_label!r}", field="positive_label", mend=f"one of {known}"
                )
            if len(classes) == 2:
                classes.sort(key=lambda value: label(value) == wanted)
        return cls(Task.BINARY if len(classes) <= 2 else Task.MULTICLASS, tuple(classes))


def plain_values(values: Any) -> list[Any]:
    """Python values of an array, a series or a list."""
    plain: list[Any] = values.tolist() if hasattr(values, "tolist") else list(values)
    return plain


def told_task(plain: list[Any]) -> Task:
    """The task that a target asks for: numbers of many values are regressed, all else is classified."""
    distinct = list({label(value): value for value in plain if not is_missing(value)}.values())
    if len(distinct) <= 2:
        return Task.BINARY
    if not all(isinstance(value, str | bool | int | float | Decimal) for value in distinct):
        return Task.MULTICLASS
    texts = [value for value in distinct if isinstance(value, str)]
    if any(number_of_text(text) is None for text in texts):
        return Task.MULTICLASS
    numbers = [number(value) for value in distinct]
    whole = all(value == math.floor(value) for value in numbers if math.isfinite(value))
    if whole and len(distinct) <= _MOST_INTEGER_CLASSES and len(plain) > 5 * len(distinct):
        return Task.MULTICLASS
    return Task.REGRESSION


def _order(value: Any) -> tuple[int, float, str]:
    told = number(value)
    return (1, 0.0, str(value)) if told != told else (0, told, "")


def _array(classes: tuple[Any, ...]) -> np.ndarray:
    kinds = {type(value) for value in classes}
    if len(kinds) == 1 and kinds <= {int, float, bool}:
        return np.array(classes)
    held = np.empty(len(classes), dtype=object)
    held[:] = classes
    return held
