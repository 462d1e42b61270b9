"""What becomes of every column: decided once for a search, on the rows to learn from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from modelyard.automl.featurize.coded import Coded
from modelyard.automl.featurize.purposes import Purpose, is_key, purpose_of, purpose_of_name, tells
from modelyard.automl.featurize.steps.dates import as_moments, format_of
from modelyard.automl.featurize.steps.numbers import as_numbers
from modelyard.automl.featurize.transformers import Transformers
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
    transformers: Transformers = field(default_factory=Transformers)
    messages: tuple[str, ...] = ()
    """Lines for a person; no part of the hash."""

    @classmethod
    def make(cls, frame: Any, target: np.ndarray, task: Task, settings: Featurization) -> Self:
        """Of the rows to learn from; `target` holds class numbers or numbers.

        Raises:
            InvalidInput: a setting does not fit, or no column is left.
        """
        columns = columns_of_frame(frame)
        checked_columns(settings, [column.name for column in columns])
        arrays = {name: prepared(array) for name, array in InputTable.of(frame, columns).arrays.items()}
        transformers = Transformers.of(settings, arrays)
        found = _Purposes(settings, np.asarray(target), task.is_classification)
        for name, values in arrays.items():
            found.decide(name, values)
        if not any(purpose.is_used for purpose in found.purposes.values()):
            told = "; ".join(f"{name}: {reason}" for name, reason in list(found.reasons.items())[:5])
            text = f"no column is left to learn from ({told})" if told else "there is no column to learn from"
            raise InvalidInput(text, field="training_data", mend="add informative columns")
        classes = int(target.max()) + 1 if task.is_classification else 1
        messages = (*found.messages, *transformers.messages)
        return cls(task, classes, columns, found.purposes, found.reasons, transformers, messages)

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
            "transformers": self.transformers.to_dict(),
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        columns = tuple(InputColumn(one["name"], ColumnKind(one["kind"])) for one in stored["columns"])
        purposes = {one["name"]: Purpose(one["purpose"]) for one in stored["columns"]}
        return cls(
            Task(stored["task"]), int(stored["classes"]), columns, purposes, dict(stored["left_out"]),
            Transformers.from_dict(stored["transformers"]),
        )  # fmt: skip


def prepared(values: np.ndarray) -> np.ndarray | Coded:
    """An array of `InputTable` as steps take it: float64, datetime64, or Coded."""
    if values.dtype.kind == "M":
        return values
    if values.dtype.kind == "m":
        return np.where(np.isnat(values), np.nan, values / np.timedelta64(1, "s"))
    if values.dtype.kind in "fiub":
        return values.astype(np.float64, copy=False)
    return Coded.of(values)


class _Purposes:
    def __init__(self, settings: Featurization, target: np.ndarray, classes: bool) -> None:
        self.purposes: dict[str, Purpose] = {}
        self.reasons: dict[str, str] = {}
        self.messages: list[str] = []
        self._settings = settings
        self._target = target
        self._classes = classes
        self._seen: dict[bytes, str] = {}

    def decide(self, name: str, values: np.ndarray | Coded) -> None:
        if name in self._settings.drop_columns:
            self._leave_out(name, Purpose.IGNORED, "dropped as asked for")
        elif name in self._settings.column_purposes:
            purpose = purpose_of_name(self._settings.column_purposes[name])
            self.purposes[name] = purpose
            _check_fits(name, values, purpose)
            if not purpose.is_used:
                self._leave_out(name, purpose, "left out as asked for")
        elif self._settings.mode == "off":
            self._as_it_is(name, values)
        else:
            self._told(name, values)

    def _as_it_is(self, name: str, values: np.ndarray | Coded) -> None:
        if isinstance(values, Coded) or values.dtype.kind == "M":
            mend = "turn it into numbers, drop it, or use featurization 'auto'"
            raise InvalidInput(f"'{name}' holds no numbers, and featurization is off", field="featurization", mend=mend)
        self.purposes[name] = Purpose.NUMERIC

    def _told(self, name: str, values: np.ndarray | Coded) -> None:
        purpose = self.purposes[name] = purpose_of(values)
        if purpose is Purpose.CONSTANT:
            self._leave_out(name, purpose, "the same in every row")
        elif purpose in (Purpose.NUMERIC, Purpose.HIGH_CARDINALITY) and is_key(name, values):
            if tells(values, self._target, classes=self._classes):
                self.messages.append(
                    f"'{name}' has a value of its own in every row, yet its order tells of the target: it is used. "
                    "Leave it out if it is not known, or means nothing, when a prediction is made."
                )
            else:
                self._leave_out(name, Purpose.ID, "a value of its own in every row")
        elif (twin := self._seen.setdefault(_digest(values), name)) != name:
            self._leave_out(name, Purpose.IGNORED, f"the same as '{twin}'")

    def _leave_out(self, name: str, purpose: Purpose, reason: str) -> None:
        self.purposes[name], self.reasons[name] = purpose, reason


def checked_columns(settings: Featurization, names: list[str]) -> None:
    """
    Raises:
        InvalidInput: a setting names a column that is not there, or a mode that is none.
    """
    if settings.mode not in ("auto", "custom", "off"):
        text = f"'{settings.mode}' is no mode of featurization"
        raise InvalidInput(text, field="featurization.mode", mend="auto, custom or off")
    for name in (*settings.column_purposes, *settings.drop_columns):
        if name not in names:
            raise InvalidInput(f"there is no column '{name}'", field="featurization", mend=did_you_mean(name, names))
    for name, purpose in settings.column_purposes.items():
        try:
            purpose_of_name(purpose)
        except InvalidInput as error:
            raise InvalidInput(f"'{name}': {error.message}", field="featurization", mend=error.mend) from error


def _check_fits(name: str, values: np.ndarray | Coded, purpose: Purpose) -> None:
    if not isinstance(values, Coded) or not values.words:
        return
    if purpose is Purpose.NUMERIC and not np.isfinite(as_numbers(values)).any():
        raise InvalidInput(
            f"no value of '{name}' is a number", field="column_name_and_types", mend="Categorical or Text"
        )
    if purpose is Purpose.DATE and np.isnat(as_moments(values, format_of(values.words))).all():
        mend = "write it as 2024-12-31 or 2024-12-31T23:59:59"
        raise InvalidInput(f"no value of '{name}' is a date that can be read", field="column_name_and_types", mend=mend)


def _digest(values: np.ndarray | Coded) -> bytes:
    if not isinstance(values, Coded):
        return hashlib.sha256(np.ascontiguousarray(values).tobytes()).digest()
    return hashlib.sha256("\x1f".join(values.words).encode("utf-8", "replace") + values.codes.tobytes()).digest()
