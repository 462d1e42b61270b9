"""What a command answers, printed as JSON, YAML, a table, tabs or not at all."""

from __future__ import annotations

import importlib
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TextIO

from modelyard.domain.errors import InvalidInput

# As Azure ML's scripts write it: services["Studio"].endpoint, whose quotes the shell often takes away.
_BRACKETED_NAME = re.compile(r"""(?<=[\w"\])])\[["']?([A-Za-z_][\w-]*)["']?\]""")
_CELL_WIDTH = 60


def select(value: Any, query: str | None) -> Any:
    """The part of `value` that a JMESPath names; the whole without one."""
    if not query:
        return value
    jmespath = importlib.import_module("jmespath")
    exceptions = importlib.import_module("jmespath.exceptions")
    try:
        return jmespath.search(query, value)
    except exceptions.ParseError as error:
        rewritten = _BRACKETED_NAME.sub(r'."\1"', query)
        if rewritten != query:
            return select(value, rewritten)
        raise InvalidInput(f"The query is not JMESPath: {error}".split("\n")[0], field="--query") from error
    except exceptions.JMESPathError as error:
        raise InvalidInput(f"The query fails: {error}".split("\n")[0], field="--query") from error


def show(value: Any, form: str, columns: Sequence[str] = (), stream: TextIO | None = None) -> None:
    """Print `value`. `columns` are those of the table of a whole list."""
    out = stream or sys.stdout
    if form == "none":
        return
    if form == "json":
        print(json.dumps(value, indent=2, ensure_ascii=False, default=str), file=out)
    elif form == "yaml":
        yaml = importlib.import_module("yaml")
        print(
            yaml.safe_dump(plain(value), sort_keys=False, allow_unicode=True).removesuffix("...\n").rstrip(), file=out
        )
    elif form == "tsv":
        for line in _tsv(value):
            print(line, file=out)
    else:
        _show_table(value, columns, out)


def plain(value: Any) -> Any:
    """JSON types alone, so that YAML needs no tags."""
    return json.loads(json.dumps(value, default=str))


def _tsv(value: Any) -> Iterator[str]:
    rows = value if isinstance(value, list) else [value]
    for row in rows:
        cells = list(row.values()) if isinstance(row, Mapping) else row if isinstance(row, list) else [row]
        yield "\t".join(_tsv_cell(cell) for cell in cells)


def _tsv_cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)
    return text.replace("\t", " ").replace("\n", " ")


def _show_table(value: Any, columns: Sequence[str], out: TextIO) -> None:
    rows = value if isinstance(value, list) else [value]
    if not rows:
        if out.isatty():
            print("Nothing there.", file=out)
        return
    headers, cells = table(rows, columns)
    if out.isatty():
        importlib.import_module("modelyard.cli.rich_table").show(headers, cells, out)
        return
    widths = [max(len(row[index]) for row in [headers, *cells]) for index in range(len(headers))]
    ruled = ["-" * width for width in widths]
    for row in [headers, ruled, *cells]:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip(), file=out)


def table(rows: Sequence[Any], columns: Sequence[str]) -> tuple[list[str], list[list[str]]]:
    """Headers and cells. Without columns: the plain fields of the first row."""
    if not all(isinstance(row, Mapping) for row in rows):
        return ["Result"], [[_cell(row)] for row in rows]
    if columns and any(
        _pick(row, column.partition("=")[2] or column) is not None for row in rows for column in columns
    ):
        chosen = [column.partition("=")[::2] if "=" in column else (column, column) for column in columns]
    else:
        chosen = [(key, key) for key, value in rows[0].items() if not isinstance(value, dict | list)][:8]
    # A column that is empty in every row says nothing.
    chosen = [(header, path) for header, path in chosen if any(_pick(row, path) is not None for row in rows)]
    headers = [header.replace("_", " ").capitalize() for header, _ in chosen]
    return headers, [[_cell(_pick(row, path)) for _, path in chosen] for row in rows]


def _pick(row: Mapping[str, Any], path: str) -> Any:
    value: Any = row
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Mapping):
        text = " ".join(f"{key}={_cell(inner)}" for key, inner in value.items())
    elif isinstance(value, list):
        text = ", ".join(_cell(item) for item in value)
    else:
        text = str(value).split("\n")[0]
    # Moments to the second are enough for a table.
    text = re.sub(r"^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)\S*$", r"\1 \2", text)
    return text if len(text) <= _CELL_WIDTH else text[: _CELL_WIDTH - 1] + "…"
