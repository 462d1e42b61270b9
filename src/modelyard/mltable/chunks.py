"""The stream that readers make and steps change: batches of rows, each of one file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelyard.mltable.libraries import compute, pa

if TYPE_CHECKING:
    from pyarrow import RecordBatch, Table

BATCH_ROWS = 65_536


@dataclass(frozen=True)
class Chunk:
    """Some rows of one file."""

    path: Path
    rows: RecordBatch


Step = Callable[[Iterator[Chunk]], Iterator[Chunk]]


class Rescan(Exception):
    """A column turned out to be wider than its first rows said: read again from the start, now knowing it."""


def joined(batches: Iterable[RecordBatch]) -> Table:
    """One table; columns that some batches lack are null there, and types that do not fit become text."""
    tables = [pa.Table.from_batches([batch]) for batch in batches]
    if not tables:
        return pa.table({})
    try:
        return pa.concat_tables(tables, promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.concat_tables(_as_text(tables), promote_options="permissive")


def _as_text(tables: list[Table]) -> list[Table]:
    types: dict[str, set[str]] = {}
    for table in tables:
        for field in table.schema:
            if not pa.types.is_null(field.type):
                types.setdefault(field.name, set()).add(str(field.type))
    mixed = {name for name, kinds in types.items() if len(kinds) > 1}
    return [_cast(table, mixed) for table in tables]


def _cast(table: Table, names: set[str]) -> Table:
    for index, field in enumerate(table.schema):
        if field.name in names:
            table = table.set_column(index, field.name, text_of(table.column(index)))
    return table


def text_of(values: Any) -> Any:
    """An array as text."""
    try:
        return compute.cast(values, pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return pa.array([None if value is None else str(value) for value in values.to_pylist()], pa.string())
