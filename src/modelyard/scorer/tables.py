"""Tables as they come over the wire: rows or columns of JSON scalars, made rectangular or refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from modelyard.domain.errors import InvalidInput

_ROWS_NAMED = 3


class Table:
    """Column names (None when nobody named them) and rectangular cells, row by row or column by column."""

    __slots__ = ("_columns", "_rows", "index", "length", "names")

    def __init__(
        self,
        names: list[str] | None,
        *,
        rows: Sequence[Sequence[Any]] | None = None,
        columns: Sequence[Sequence[Any]] | None = None,
        index: list[Any] | None = None,
    ) -> None:
        self.names = names
        self.index = index
        self._rows = rows
        self._columns = columns
        self.length = len(rows) if rows is not None else (len(columns[0]) if columns else 0)

    @property
    def rows(self) -> Sequence[Sequence[Any]]:
        if self._rows is None:
            self._rows = list(zip(*self.columns, strict=True))
        return self._rows

    @property
    def columns(self) -> Sequence[Sequence[Any]]:
        if self._columns is None:
            rows = self._rows or ()
            self._columns = list(zip(*rows, strict=True)) if rows else [()] * len(self.names or ())
        return self._columns


def from_split(split: Any, where: str) -> Table:
    """`{"columns": [...], "index": [...], "data": [[...], ...]}`, pandas' split form."""
    if not isinstance(split, Mapping):
        raise InvalidInput(f"'{where}' is not an object with 'columns' and 'data'.", field=where)
    unknown = sorted(split.keys() - {"columns", "index", "data", "dtypes", "column_names"})
    if unknown or "data" not in split:
        what = f"unknown key '{unknown[0]}'" if unknown else "'data' is missing"
        raise InvalidInput(f"'{where}': {what}.", field=where, mend='send {"columns": [...], "data": [[...], ...]}')
    names = split.get("columns")
    if names is not None:
        names = _names(names, f"{where}.columns")
    table = from_rows(split["data"], f"{where}.data", names)
    index = split.get("index")
    if index is not None:
        if not isinstance(index, list) or len(index) != table.length:
            raise InvalidInput(f"'{where}.index' has not one entry per row.", field=f"{where}.index")
        table.index = index
    return table


def from_rows(data: Any, where: str, names: list[str] | None = None) -> Table:
    """`[[...], ...]`, every row of one length; a list of scalars is one column, unless names say one row."""
    if not isinstance(data, list):
        raise InvalidInput(f"'{where}' is not a list of rows.", field=where)
    if not data:
        return Table(names, rows=[])
    kinds = set(map(type, data))
    if kinds != {list}:
        if list in kinds or dict in kinds:
            raise InvalidInput(f"'{where}' mixes rows with other values.", field=where, mend="make every row a list")
        data = [data] if names is not None and len(names) == len(data) and len(names) > 1 else [[one] for one in data]
    widths = set(map(len, data))
    expected = len(names) if names is not None else len(data[0])
    if widths != {expected}:
        wrong = next(number for number, row in enumerate(data) if len(row) != expected)
        raise InvalidInput(
            f"'{where}': row {wrong} has {len(data[wrong])} values, not {expected}.", field=f"{where}[{wrong}]"
        )
    return Table(names, rows=data)


def from_records(records: Any, where: str) -> Table:
    """`[{"column": value}, ...]`; a column that some record leaves out is null there."""
    if not isinstance(records, list) or set(map(type, records)) - {dict}:
        raise InvalidInput(f"'{where}' is not a list of objects.", field=where)
    names: dict[str, None] = {}
    for record in records:
        names.update(dict.fromkeys(record))
    return Table(list(names), columns=[[record.get(name) for record in records] for name in names])


def from_columns(columns: Any, where: str) -> Table:
    """`{"column": [values], ...}`; scalars are columns of one row."""
    if not isinstance(columns, Mapping) or not columns:
        raise InvalidInput(f"'{where}' is not an object of columns.", field=where)
    lists = [value if isinstance(value, list) else [value] for value in columns.values()]
    lengths = set(map(len, lists))
    if len(lengths) != 1:
        told = ", ".join(
            f"{name}: {len(values)}" for name, values in list(zip(columns, lists, strict=True))[:_ROWS_NAMED]
        )
        raise InvalidInput(f"'{where}': columns of different lengths ({told}).", field=where)
    return Table([str(name) for name in columns], columns=lists)


def _names(names: Any, where: str) -> list[str]:
    if not isinstance(names, list) or set(map(type, names)) - {str, int}:
        raise InvalidInput(f"'{where}' is not a list of column names.", field=where)
    texts = [str(name) for name in names]
    if len(set(texts)) != len(texts):
        twice = next(name for name in texts if texts.count(name) > 1)
        raise InvalidInput(f"'{where}' names the column '{twice}' twice.", field=where)
    return texts
