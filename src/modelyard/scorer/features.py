"""From a table on the wire to what a model takes, checked against the signature once per column.

The fast case, a table of doubles, is one pass over the cells' types and one array.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import chain
from typing import Any

import numpy as np

from modelyard.domain.errors import InvalidInput, did_you_mean
from modelyard.domain.extras import require
from modelyard.scorer.signature import ColumnSpec, Signature
from modelyard.scorer.tables import Table

_Kinds = frozenset[type[Any]]
_NUMBERS: _Kinds = frozenset({int, float, type(None)})
_TEXTS: _Kinds = frozenset({str, type(None)})
_TRUTHS: _Kinds = frozenset({bool})
_INTEGER_TYPES = {"long": np.int64, "integer": np.int32}
_NAMES_SHOWN = 5

Array = np.ndarray[Any, Any]


class Features:
    """One request's inputs. A model asks for the form it is quickest with."""

    __slots__ = ("_arrays", "_matrix", "_table", "signature", "tensors")

    def __init__(
        self,
        table: Table | None,
        signature: Signature | None,
        *,
        tensors: Array | dict[str, Array] | None = None,
    ) -> None:
        self.signature = signature
        self.tensors = tensors
        self._table = table
        self._matrix: Array | None = None
        self._arrays: list[Array] | None = None

    @property
    def rows(self) -> int:
        if self._table is not None:
            return self._table.length
        first = (
            self.tensors if isinstance(self.tensors, np.ndarray) else next(iter((self.tensors or {}).values()), None)
        )
        return len(first) if first is not None and first.ndim else 1

    def matrix(self) -> Array:
        """Doubles, rows by columns in the signature's order. Only for tables whose columns are all numeric."""
        if self._matrix is None:
            self._matrix = self._quick_matrix()
        if self._matrix is None:
            self._matrix = np.column_stack([array.astype(np.float64) for array in self.arrays()])
        return self._matrix

    def arrays(self) -> list[Array]:
        """One array per column of the signature, in its order."""
        if self._arrays is None:
            assert self._table is not None
            assert self.signature is not None
            self._arrays = _checked(self._table, self.signature)
        return self._arrays

    def frame(self) -> Any:
        """A pandas frame with the signature's columns and types; without a signature, the table as it came."""
        pd = require("pandas", extra="scorer", what="a model that takes frames")
        table = self._table
        assert table is not None
        if self.signature is None or not self.signature.simple:
            names: Any = table.names
            data = dict(enumerate(map(list, table.columns)))
            frame = pd.DataFrame(data, index=table.index)
            if names is not None:
                frame.columns = names
            return frame
        matrix = self._quick_matrix() if self.signature.all_floating else None
        columns = self.signature.names if self.signature.named else None
        if matrix is not None:
            return pd.DataFrame(matrix, columns=columns, index=table.index)
        arrays = [_series(pd, array, spec) for array, spec in zip(self.arrays(), self.signature.columns, strict=True)]
        frame = pd.DataFrame(dict(enumerate(arrays)))
        if columns is not None:
            frame.columns = columns
        if table.index is not None:
            frame.index = table.index
        return frame

    def natural(self) -> Any:
        """Tensors as they are; unnamed values without a signature as an array; else a frame."""
        if self.tensors is not None:
            return self.tensors
        assert self._table is not None
        if self.signature is None and self._table.names is None:
            return np.array(self._table.rows)
        return self.frame()

    def _quick_matrix(self) -> Array | None:
        table, signature = self._table, self.signature
        if table is None or signature is None or not signature.all_floating or not table.length:
            return None
        if table.names != signature.names and (table.names is not None or signature.named):
            return None
        if len(table.rows[0]) != len(signature.columns) or not _NUMBERS.issuperset(
            map(type, chain.from_iterable(table.rows))
        ):
            return None
        return _doubles(table.rows)


def tensor(value: Any, dtype: str | None, where: str) -> Array:
    """A nested list as an array; InvalidInput when it is ragged or of the wrong type."""
    try:
        array = np.array(value, dtype=None if dtype in (None, "object", "str") else dtype)
    except (ValueError, TypeError, OverflowError) as error:
        raise InvalidInput(f"'{where}' is not a tensor of {dtype or 'one type'}: {error}.", field=where) from error
    if array.dtype == object and dtype not in ("object", "str"):
        raise InvalidInput(f"'{where}' is ragged or mixes types.", field=where)
    return array


def _checked(table: Table, signature: Signature) -> list[Array]:
    columns = table.columns
    if not signature.named:
        if len(columns) != len(signature.columns):
            raise InvalidInput(
                f"The model takes {len(signature.columns)} columns, not {len(columns)}.", field="columns"
            )
        chosen: list[Sequence[Any] | None] = list(columns)
    else:
        chosen = _by_name(table, signature)
    return [
        _column([None] * table.length if values is None else values, spec, position)
        for position, (values, spec) in enumerate(zip(chosen, signature.columns, strict=True))
    ]


def _by_name(table: Table, signature: Signature) -> list[Sequence[Any] | None]:
    if table.names is None:
        raise InvalidInput(
            "The model's columns have names, and the request gives none.",
            field="columns",
            mend=f"send the names beside the data: {_some(signature.names)}",
        )
    at = {name: number for number, name in enumerate(table.names)}
    missing = [spec.name or "" for spec in signature.columns if spec.required and spec.name not in at]
    if missing:
        extra = [name for name in table.names if name not in set(signature.names)]
        near = did_you_mean(missing[0], extra)
        raise InvalidInput(
            f"Missing column{'s' if len(missing) > 1 else ''}: {_some(missing)}.",
            field=missing[0],
            mend=f"the request has a column it does not need: {near}" if near else "add it to every row",
        )
    columns = table.columns
    return [columns[at[spec.name or ""]] if spec.name in at else None for spec in signature.columns]


def _column(values: Sequence[Any], spec: ColumnSpec, position: int) -> Array:
    name = spec.name if spec.name is not None else f"column {position}"
    try:
        return _CONVERSIONS[spec.type](values, spec)
    except (ValueError, TypeError, OverflowError) as error:
        row = _first_wrong(values, spec)
        told = f" (row {row}: {_shown(values[row])})" if row is not None else ""
        raise InvalidInput(f"Column '{name}' is not of type {spec.type}: {error}{told}.", field=name) from error


def _first_wrong(values: Sequence[Any], spec: ColumnSpec) -> int | None:
    """Only on the way to an error: which row to show."""
    for number, value in enumerate(values):
        try:
            _CONVERSIONS[spec.type]([value], spec)
        except (ValueError, TypeError, OverflowError):
            return number
    return None


def _doubles(values: Any) -> Array:
    try:
        return np.array(values, dtype=np.float64)
    except (OverflowError, ValueError) as error:
        raise InvalidInput(f"A number is too large for a double: {error}.") from error


def _floating(values: Sequence[Any], spec: ColumnSpec) -> Array:
    _allow(values, _NUMBERS, "a number")
    return np.array(values, dtype=np.float64 if spec.type == "double" else np.float32)


def _integral(values: Sequence[Any], spec: ColumnSpec) -> Array:
    kinds = set(map(type, values))
    if kinds - _NUMBERS:
        _allow(values, _NUMBERS, "a whole number")
    if type(None) in kinds:
        if spec.required:
            raise ValueError("a value is missing")
        return np.array(values, dtype=np.float64)
    if float in kinds and any(isinstance(value, float) and not value.is_integer() for value in values):
        raise ValueError("a value has a fraction")
    whole = [int(value) for value in values] if float in kinds else values
    return np.array(whole, dtype=_INTEGER_TYPES[spec.type])


def _truth(values: Sequence[Any], spec: ColumnSpec) -> Array:
    if spec.required:
        _allow(values, _TRUTHS, "true or false")
        return np.array(values, dtype=np.bool_)
    _allow(values, _TRUTHS | {type(None)}, "true or false")
    return np.array(values, dtype=object)


def _text(values: Sequence[Any], spec: ColumnSpec) -> Array:
    _allow(values, _TEXTS, "text")
    return np.array(values, dtype=object)


def _binary(values: Sequence[Any], spec: ColumnSpec) -> Array:
    _allow(values, _TEXTS, "base64 text")
    try:
        decoded = [None if value is None else base64.b64decode(value, validate=True) for value in values]
    except binascii.Error as error:
        raise ValueError("a value is not base64") from error
    return np.array([*decoded, None], dtype=object)[:-1]


def _moment(values: Sequence[Any], spec: ColumnSpec) -> Array:
    _allow(values, _TEXTS, "a date and time as ISO 8601 text")
    moments = [None if value is None else _naive(datetime.fromisoformat(str(value))) for value in values]
    return np.array(moments, dtype="datetime64[ns]")


def _naive(moment: datetime) -> datetime:
    """NumPy's moments have no zone: they are taken as UTC."""
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo is not None else moment


def _allow(values: Sequence[Any], kinds: _Kinds, what: str) -> None:
    wrong = set(map(type, values)) - kinds
    if wrong:
        raise TypeError(f"a value is not {what}")


def _series(pd: Any, array: Array, spec: ColumnSpec) -> Any:
    if spec.type == "string":
        # pandas 3 reads text into its own dtype, which is what the model saw when it was trained.
        return pd.Series(array, dtype="str" if int(pd.__version__.split(".")[0]) >= 3 else object)
    return array


def _some(names: Sequence[str]) -> str:
    more = len(names) - _NAMES_SHOWN
    return ", ".join(f"'{name}'" for name in names[:_NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."


_CONVERSIONS: dict[str, Callable[[Sequence[Any], ColumnSpec], Array]] = {
    "double": _floating,
    "float": _floating,
    "long": _integral,
    "integer": _integral,
    "boolean": _truth,
    "string": _text,
    "binary": _binary,
    "datetime": _moment,
}
