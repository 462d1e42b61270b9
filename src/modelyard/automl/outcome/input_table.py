"""What a caller asks a prediction for, as one array a column: frames, rows, columns, or a single row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

import numpy as np

from modelyard.domain.errors import InvalidInput, did_you_mean

_NAMES_SHOWN = 5
_SCALARS = (str, bytes, int, float, bool, np.generic)


class ColumnKind(StrEnum):
    """What the cells of a column were at training. Values are the type names of MLflow's signatures."""

    NUMBER = "double"
    INTEGER = "long"
    """Whole numbers, none missing at training."""
    TRUTH = "boolean"
    MOMENT = "datetime"
    TEXT = "string"


@dataclass(frozen=True)
class InputColumn:
    name: str
    kind: ColumnKind
    example: str | int | float | bool | None = None
    """A value of the training table, as JSON; shown in input examples."""


@dataclass(frozen=True)
class InputTable:
    """`arrays` has one array a column, of one length: float64, datetime64, or objects (texts, None for missing)."""

    arrays: Mapping[str, np.ndarray]
    rows: int

    @classmethod
    def of(cls, data: Any, columns: Sequence[InputColumn]) -> Self:
        """Further columns are left aside.

        Raises:
            InvalidInput: a column is missing, columns differ in length, or `data` is no table.
        """
        given = _columns_of(data)
        missing = [column.name for column in columns if column.name not in given]
        if missing:
            raise _missing_columns(missing, given, columns)
        arrays = {column.name: _array(given[column.name], column.kind) for column in columns}
        lengths = set(map(len, arrays.values()))
        if len(lengths) > 1:
            raise InvalidInput("The columns differ in length.", field="data")
        return cls(arrays, lengths.pop() if lengths else 0)


def columns_of_frame(frame: Any, names: Sequence[str] | None = None) -> tuple[InputColumn, ...]:
    """The columns of a training frame as a prediction will want them, in the order of `names` or of the frame."""
    return tuple(_input_column(str(name), frame[name]) for name in (frame.columns if names is None else names))


def _input_column(name: str, series: Any) -> InputColumn:
    kind = _kind(series)
    present = series[series.notna()]
    return InputColumn(name, kind, _example(present.iloc[0], kind) if len(present) else None)


def _kind(series: Any) -> ColumnKind:
    code = getattr(series.dtype, "kind", "O")
    if code == "b":
        return ColumnKind.TRUTH if not series.hasnans else ColumnKind.NUMBER
    if code in "iu":
        return ColumnKind.INTEGER if not series.hasnans else ColumnKind.NUMBER
    if code == "f":
        return ColumnKind.NUMBER
    if code == "M":
        return ColumnKind.MOMENT
    return ColumnKind.TEXT


def _example(value: Any, kind: ColumnKind) -> str | int | float | bool:
    if kind is ColumnKind.TRUTH:
        return bool(value)
    if kind is ColumnKind.INTEGER:
        return int(value)
    if kind is ColumnKind.NUMBER:
        return float(value)
    return str(value.isoformat() if kind is ColumnKind.MOMENT else value)


def _columns_of(data: Any) -> Any:
    """A mapping (or frame) of columns by name."""
    if hasattr(data, "columns") and hasattr(data, "__getitem__"):
        return data
    if isinstance(data, Mapping):
        return {str(name): [value] if _is_scalar(value) else value for name, value in data.items()}
    if (
        isinstance(data, Sequence)
        and not isinstance(data, str | bytes)
        and all(isinstance(row, Mapping) for row in data)
    ):
        names = dict.fromkeys(name for row in data for name in row)
        return {str(name): [row.get(name) for row in data] for name in names}
    raise InvalidInput(
        f"A {type(data).__name__} is no table with named columns.",
        field="data",
        mend="give a pandas frame, a list of rows as mappings, or a mapping of columns",
    )


def _is_scalar(value: Any) -> bool:
    return value is None or isinstance(value, _SCALARS) or not hasattr(value, "__len__")


def _array(values: Any, kind: ColumnKind) -> np.ndarray:
    array = _raw_array(values)
    if array.dtype.kind in "fiub" and kind in (ColumnKind.NUMBER, ColumnKind.INTEGER, ColumnKind.TRUTH):
        return array.astype(np.float64, copy=False)
    if array.dtype.kind == "M":
        return array.astype("datetime64[ns]", copy=False)
    if array.dtype.kind == "O" and kind in (ColumnKind.NUMBER, ColumnKind.INTEGER):
        return _numbers_or_objects(array)
    return array


def _raw_array(values: Any) -> np.ndarray:
    if isinstance(values, np.ndarray):
        return values.astype(object) if values.dtype.kind in "US" else values
    dtype = getattr(values, "dtype", None)
    if dtype is None:
        return np.array([*values, None], dtype=object)[:-1]
    if isinstance(dtype, np.dtype):
        return np.asarray(values)
    return _extension_array(values, dtype)


def _extension_array(values: Any, dtype: Any) -> np.ndarray:
    """Of pandas' own types: nullable numbers, strings, categories, zoned times."""
    code = getattr(dtype, "kind", "O")
    if code in "iufb" and hasattr(dtype, "na_value"):
        return np.asarray(values.to_numpy(dtype=np.float64, na_value=np.nan))
    if code == "M":
        return np.asarray(values.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy())
    return np.asarray(values.to_numpy(dtype=object, na_value=None) if code != "O" else values.to_numpy(dtype=object))


def _numbers_or_objects(array: np.ndarray) -> np.ndarray:
    """Numbers with None for missing become doubles; anything else is the featurizer's to parse."""
    try:
        return array.astype(np.float64)
    except (TypeError, ValueError):
        return array


def _missing_columns(missing: list[str], given: Any, columns: Sequence[InputColumn]) -> InvalidInput:
    wanted = {column.name for column in columns}
    spare = [str(name) for name in (given.columns if hasattr(given, "columns") else given) if str(name) not in wanted]
    near = did_you_mean(missing[0], spare)
    named = ", ".join(missing[:_NAMES_SHOWN]) + (", ..." if len(missing) > _NAMES_SHOWN else "")
    return InvalidInput(
        f"Missing column{'s' if len(missing) > 1 else ''}: {named}.",
        field=missing[0],
        mend=f"is it the column '{near}'?" if near else "add it, empty where the value is not known",
    )
