"""The first rows of a table, with the types of its columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from modelyard.domain.entity import Part
from modelyard.mltable.cells import cell
from modelyard.mltable.chunks import joined
from modelyard.mltable.table import MLTable

if TYPE_CHECKING:
    from pyarrow import RecordBatch

MAX_ROWS = 1_000
MAX_COLUMNS = 2_000


class ColumnHeader(Part):
    """A column by name and type (Arrow's word for it)."""

    name: str
    type: str


class DataPreview(Part):
    """Rows as lists of cells, in the order of `columns`."""

    columns: list[ColumnHeader]
    rows: list[list[Any]]
    truncated: bool
    """True when the table has more rows or columns."""


def preview(table: MLTable, rows: int = 100) -> DataPreview:
    """At most `rows` rows; no more of the files is read than that needs."""
    wanted = max(0, min(rows, MAX_ROWS))
    return table.read(lambda batches: _previewed(batches, wanted))


def _previewed(batches: Iterator[RecordBatch], wanted: int) -> DataPreview:
    taken: list[RecordBatch] = []
    count = 0
    for batch in batches:
        taken.append(batch.slice(0, max(0, wanted - count)))
        count += batch.num_rows
        if count > wanted:
            break
    whole = joined(taken)
    shown = whole.select(whole.schema.names[:MAX_COLUMNS])
    columns = [shown.column(index).to_pylist() for index in range(shown.num_columns)]
    return DataPreview(
        columns=[ColumnHeader(name=field.name, type=str(field.type)) for field in shown.schema],
        rows=[[cell(column[row]) for column in columns] for row in range(shown.num_rows)],
        truncated=count > wanted or whole.num_columns > MAX_COLUMNS,
    )
