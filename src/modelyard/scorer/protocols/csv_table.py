"""CSV with a header (`Content-Type: text/csv`), as MLflow's server takes it; answered by `{"predictions": ...}`.

CSV has no types: the signature gives them. Without one, a column whose every cell is a number is numeric.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

from modelyard.domain.errors import InvalidInput
from modelyard.scorer.features import Features
from modelyard.scorer.predictions import dump, plain
from modelyard.scorer.protocol import Body, Call, ScoringProtocol
from modelyard.scorer.signature import Signature
from modelyard.scorer.tables import Table

_NUMERIC = frozenset({"double", "float"})
_WHOLE = frozenset({"long", "integer"})
_TRUTH = {"true": True, "false": False, "True": True, "False": False, "1": True, "0": False}


class CsvTable(ScoringProtocol):
    name = "csv"
    form = "CSV with a header and Content-Type: text/csv"

    def claims(self, body: Body) -> bool:
        return not body.is_json

    def request(self, names: list[str], rows: list[list[Any]]) -> tuple[str, str, bytes]:
        text = io.StringIO()
        csv.writer(text).writerows([names, *rows])
        return "/invocations", "text/csv", text.getvalue().encode()

    def decode(self, body: Body, signature: Signature | None) -> Call:
        names, columns = _read(body.raw)
        types = {spec.name: spec.type for spec in signature.columns} if signature is not None else {}
        converted = [_typed(name, cells, types.get(name)) for name, cells in zip(names, columns, strict=True)]
        return Call(Features(Table(names, columns=converted), signature))

    def encode(self, predictions: Any, call: Call) -> bytes:
        return dump({"predictions": plain(predictions)})


def _read(raw: bytes) -> tuple[list[str], list[list[str]]]:
    try:
        lines = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise InvalidInput(f"The body is not CSV: {error}.") from error
    rows = [row for row in lines if row]
    if not rows:
        raise InvalidInput("The CSV is empty.", mend="send a header and at least one row")
    names = rows[0]
    for number, row in enumerate(rows[1:], start=1):
        if len(row) != len(names):
            raise InvalidInput(f"Row {number} of the CSV has {len(row)} cells, the header {len(names)}.")
    if len(set(names)) != len(names):
        raise InvalidInput("The CSV's header names a column twice.")
    return names, [[row[at] for row in rows[1:]] for at in range(len(names))]


def _typed(name: str, cells: Sequence[str], type_name: str | None) -> list[Any]:
    if type_name is None:
        return _guessed(cells)
    try:
        return [_cell(cell, type_name) for cell in cells]
    except (ValueError, KeyError) as error:
        raise InvalidInput(f"Column '{name}' is not of type {type_name}: {error}.", field=name) from error


def _cell(cell: str, type_name: str) -> Any:
    if cell == "":
        return None
    if type_name in _NUMERIC:
        return float(cell)
    if type_name in _WHOLE:
        return int(cell) if cell.lstrip("+-").isdecimal() else float(cell)
    if type_name == "boolean":
        return _TRUTH[cell]
    return cell


def _guessed(cells: Sequence[str]) -> list[Any]:
    try:
        return [None if cell == "" else float(cell) for cell in cells]
    except ValueError:
        return [cell or None for cell in cells]
