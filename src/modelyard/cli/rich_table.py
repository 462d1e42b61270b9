"""A table for a person at a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

_COLOURS = {
    "Completed": "green",
    "Succeeded": "green",
    "Running": "cyan",
    "Failed": "red",
    "Canceled": "yellow",
    "CancelRequested": "yellow",
}


def show(headers: Sequence[str], rows: Sequence[Sequence[str]], out: TextIO) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for header in headers:
        table.add_column(header, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell, style=_COLOURS.get(cell, "")) for cell in row))
    Console(file=out).print(table)
