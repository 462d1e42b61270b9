"""What becomes of every column: decided once for a search, on the rows to learn from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from modelyard.automl.featurize.purposes import Purpose, purpose_of, purpose_of_name
from modelyard.automl.outcome.input_table import ColumnKind, InputColumn, InputTable, columns_of_frame
from modelyard.automl.plan.settings import Featurization
from modelyard.automl.task import Task
from modelyard.domain.errors import InvalidInput, did_you_mean


@dataclass(frozen=True)
class FeaturePlan:
    """`columns` are those of the training frame without the target; `purposes` has one for each."""

    task: Task
    classes: int
    columns: tuple[InputColumn, ...]
    purposes: Mapping[str, Purpose]
    reasons: Mapping[str, str] = field(default_factory=dict)
    """Why a column is left out."""
    imputations: Mapping[str, tuple[str, float]] = field(default_factory=dict)
    """By column: strategy and constant."""
    blocked: frozenset[str] = frozenset()
    """Transformers that are not to be used, by Azure ML's names."""

    @classmethod
    def make(cls, frame: Any, target: np.ndarray, task: Task, settings: Featurization) -> Self:
        """Of the rows to learn from; `target` holds class numbers or numbers.

        Raises:
            InvalidInput: a setting names a column that is not there, or no column is left.
        """
        columns = columns_of_frame(frame)
        arrays = InputTable.of(frame, columns).arrays
        purposes, reasons = _purposes(arrays, settings)
        if not any(purpose.is_used for purpose in purposes.values()):
            raise InvalidInput("no column is left to learn from", field="training_data", mend="add informative columns")
        classes = int(target.max()) + 1 if task.is_classification else 1
        blocked = frozenset(name.lower() for name in settings.blocked_transformers)
        return cls(task, classes, columns, purposes, reasons, _imputations(settings, arrays), blocked)

    @property
    def used(self) -> tuple[InputColumn, ...]:
        return tuple(column for column in self.columns if self.purposes[column.name].is_used)

    @property
    def hash(self) -> str:
        """The feature hash: equal for plans that make the same features of the same columns."""
        return hashlib.sha256(json.dumps(self.to_dict_without_hash(), sort_keys=True).encode()).hexdigest()[:16]

    def to_dict(self) -> dict[str, Any]:
        return {**self.to_dict_without_hash(), "hash": self.hash}

    def to_dict_without_hash(self) -> dict[str, Any]:
        return {
            "task": str(self.task),
            "classes": self.classes,
            "columns": [
                {"name": column.name, "kind": str(column.kind), "purpose": str(self.purposes[column.name])}
                for column in self.columns
            ],
            "left_out": dict(self.reasons),
            "imputations": {name: list(value) for name, value in self.imputations.items()},
            "blocked": sorted(self.blocked),
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        columns = tuple(InputColumn(one["name"], ColumnKind(one["kind"])) for one in stored["columns"])
        purposes = {one["name"]: Purpose(one["purpose"]) for one in stored["columns"]}
        imputations = {name: (str(value[0]), float(value[1])) for name, value in stored["imputations"].items()}
        return cls(
            Task(stored["task"]), int(stored["classes"]), columns, purposes, dict(stored["left_out"]), imputations,
            frozenset(stored["blocked"]),
        )  # fmt: skip


def _purposes(arrays: Mapping[str, np.ndarray], settings: Featurization) -> tuple[dict[str, Purpose], dict[str, str]]:
    for name in (*settings.column_purposes, *settings.drop_columns):
        if name not in arrays:
            raise InvalidInput(f"there is no column '{name}'", field="featurization", mend=did_you_mean(name, arrays))
    purposes: dict[str, Purpose] = {}
    reasons: dict[str, str] = {}
    seen: dict[bytes, str] = {}
    for name, values in arrays.items():
        if name in settings.drop_columns:
            purposes[name], reasons[name] = Purpose.IGNORED, "dropped as asked for"
        elif name in settings.column_purposes:
            purposes[name] = purpose_of_name(settings.column_purposes[name])
            if not purposes[name].is_used:
                reasons[name] = "left out as asked for"
        else:
            purposes[name] = purpose_of(values)
            if settings.mode == "off" and purposes[name] is not Purpose.NUMERIC:
                purposes[name], reasons[name] = Purpose.IGNORED, "no number, and featurization is off"
            elif not purposes[name].is_used:
                reasons[name] = {"id": "a value of its own in every row", "constant": "the same in every row"}[
                    purposes[name].value
                ]
            elif (twin := seen.setdefault(_digest(values), name)) != name:
                purposes[name], reasons[name] = Purpose.IGNORED, f"the same as '{twin}'"
    return purposes, reasons


def _digest(values: np.ndarray) -> bytes:
    if values.dtype.kind != "O":
        return hashlib.sha256(np.ascontiguousarray(values).tobytes()).digest()
    return hashlib.sha256("\x1f".join(map(repr, values)).encode("utf-8", "replace")).digest()


def _imputations(settings: Featurization, arrays: Mapping[str, np.ndarray]) -> dict[str, tuple[str, float]]:
    found: dict[str, tuple[str, float]] = {}
    for entry in settings.transformer_params.get("imputer", ()):
        parameters = entry.get("parameters") or {}
        strategy = str(parameters.get("strategy", "median"))
        if strategy not in ("mean", "median", "most_frequent", "constant"):
            text = f"'{strategy}' is no way to fill in what is missing"
            raise InvalidInput(text, field="transformer_params", mend="mean, median, most_frequent or constant")
        for name in entry.get("fields") or arrays:
            if name not in arrays:
                raise InvalidInput(f"there is no column '{name}'", field="transformer_params")
            found[name] = (strategy, float(parameters.get("fill_value", 0.0)))
    return found
