"""Delimited, Parquet and JSON-lines files as streams of batches, in bounded memory."""

from __future__ import annotations

import codecs
import json
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelyard.domain.errors import InvalidInput, Unsupported
from modelyard.mltable.chunks import BATCH_ROWS, Chunk, Rescan, text_of
from modelyard.mltable.definition import Header, ReadDelimited, ReadJsonLines
from modelyard.mltable.libraries import csv, pa, parquet

if TYPE_CHECKING:
    from pyarrow import DataType, RecordBatch

_BLOCK_BYTES = 4 << 20
_COLUMN = re.compile(r"CSV column #(\d+)")
_JSON_ROWS = 5_000
# Azure ML's words for encodings that Python spells otherwise.
_ENCODINGS = {"utf8bom": "utf-8-sig", "iso88591": "latin-1", "windows1252": "cp1252", "utf16": "utf-16"}


class Reader(ABC):
    """Reads files of one format. `chunks` may raise Rescan; the reader has then learned and is read again."""

    @abstractmethod
    def chunks(self, files: Sequence[Path]) -> Iterator[Chunk]:
        """The rows of all files in order; InvalidInput names the file that cannot be read."""


class PathReader(Reader):
    """A table of the files themselves, for a definition that reads none of them."""

    def chunks(self, files: Sequence[Path]) -> Iterator[Chunk]:
        for file in files:
            yield Chunk(file, pa.RecordBatch.from_pydict({"Path": [str(file)]}))


class DelimitedReader(Reader):
    """Types come from the first megabytes of each file and widen when later rows need it."""

    def __init__(self, options: ReadDelimited) -> None:
        if len(options.delimiter) != 1:
            raise Unsupported("a delimiter of more than one character is not supported", field="delimiter")
        self._options = options
        self._encoding = _encoding(options.encoding)
        self._types: dict[str, DataType] = {}
        self._all_text = options.infer_column_types is False

    def chunks(self, files: Sequence[Path]) -> Iterator[Chunk]:
        names: list[str] | None = None
        for index, file in enumerate(files):
            if file.stat().st_size == 0:
                continue
            given = names if index and self._options.header is Header.FROM_FIRST_FILE else None
            for rows in self._batches(file, given):
                names = names or rows.schema.names
                yield Chunk(file, rows)

    def _batches(self, file: Path, names: list[str] | None) -> Iterator[RecordBatch]:
        opened: Any = None
        try:
            opened = self._opened(file, names)
            for rows in opened:
                # Later files keep the types of the first, so that the stream has one schema.
                for field in rows.schema:
                    if pa.types.is_binary(field.type):
                        raise self._not_text(file)
                    if not pa.types.is_null(field.type):
                        self._types.setdefault(field.name, field.type)
                yield rows
        except pa.ArrowInvalid as error:
            self._widened(error, file, opened, names)
            raise Rescan from error
        except (UnicodeError, LookupError) as error:
            raise self._not_text(file) from error

    def _not_text(self, file: Path) -> InvalidInput:
        return InvalidInput(f"'{file.name}' is not {self._options.encoding} text", field="encoding")

    def _opened(self, file: Path, names: list[str] | None) -> Any:
        headless = self._options.header is Header.NO_HEADER
        names = names or (self._numbered(file) if headless else None)
        types = dict.fromkeys(names or self._header(file), pa.string()) if self._all_text else self._types
        return csv.open_csv(
            file,
            read_options=csv.ReadOptions(encoding=self._encoding, column_names=names, block_size=_BLOCK_BYTES),
            parse_options=self._parsing(),
            convert_options=csv.ConvertOptions(
                column_types=types,
                strings_can_be_null=not self._options.empty_as_string,
                quoted_strings_can_be_null=False,
            ),
        )

    def _parsing(self) -> Any:
        return csv.ParseOptions(delimiter=self._options.delimiter, newlines_in_values=self._options.support_multi_line)

    def _header(self, file: Path) -> list[str]:
        with file.open(encoding=self._encoding, newline="") as stream:
            line = stream.readline(1 << 20)
        return self._parsed(line.encode("utf-8")).schema.names if line.strip() else []

    def _numbered(self, file: Path) -> list[str]:
        return [f"Column{number}" for number in range(1, len(self._header(file)) + 1)]

    def _parsed(self, line: bytes) -> Any:
        options = csv.ReadOptions(autogenerate_column_names=self._options.header is Header.NO_HEADER)
        return csv.read_csv(pa.BufferReader(line), read_options=options, parse_options=self._parsing())

    def _widened(self, error: Exception, file: Path, opened: Any, names: list[str] | None) -> None:
        """Note a wider type for the column that `error` speaks of; InvalidInput for any other trouble."""
        match = _COLUMN.search(str(error))
        columns = opened.schema.names if opened is not None else names or self._header(file)
        if match is None or int(match[1]) >= len(columns):
            raise InvalidInput(f"'{file.name}' cannot be read: {_short(error)}", field="paths") from error
        name = columns[int(match[1])]
        before = self._types.get(name)
        if before is not None and pa.types.is_string(before):
            raise InvalidInput(f"'{file.name}' cannot be read: {_short(error)}", field="paths") from error
        narrow = before is None or pa.types.is_integer(before) or pa.types.is_null(before)
        numeric = narrow and "conversion error to" in str(error) and ("int" in str(error) or "null" in str(error))
        self._types[name] = pa.float64() if numeric else pa.string()


class ParquetReader(Reader):
    def chunks(self, files: Sequence[Path]) -> Iterator[Chunk]:
        for file in files:
            try:
                with parquet.ParquetFile(file) as opened:
                    for rows in opened.iter_batches(batch_size=BATCH_ROWS):
                        yield Chunk(file, rows)
            except (pa.ArrowInvalid, OSError) as error:
                raise InvalidInput(f"'{file.name}' is not a Parquet file: {_short(error)}", field="paths") from error


class JsonLinesReader(Reader):
    """A column whose values are of several types is text."""

    def __init__(self, options: ReadJsonLines) -> None:
        self._drop = options.invalid_lines == "drop"
        self._encoding = _encoding(options.encoding)

    def chunks(self, files: Sequence[Path]) -> Iterator[Chunk]:
        for file in files:
            with file.open(encoding=self._encoding) as stream:
                rows = self._objects(stream, file)
                while block := list(islice(rows, _JSON_ROWS)):
                    yield Chunk(file, _batch(block))

    def _objects(self, lines: Iterator[str], file: Path) -> Iterator[dict[str, Any]]:
        try:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield from self._object(line, file, number)
        except UnicodeError as error:
            raise InvalidInput(f"'{file.name}' is not text of its encoding", field="encoding") from error

    def _object(self, line: str, file: Path, number: int) -> Iterator[dict[str, Any]]:
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, dict):
            yield value
        elif not self._drop:
            raise InvalidInput(
                f"'{file.name}', line {number}: not a JSON object", field="paths", mend="or set invalid_lines: drop"
            )


def _batch(objects: list[dict[str, Any]]) -> RecordBatch:
    names = list(dict.fromkeys(name for item in objects for name in item))
    return pa.RecordBatch.from_pydict({name: _column([item.get(name) for item in objects]) for name in names})


def _column(values: list[Any]) -> Any:
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        pass
    if all(value is None or (isinstance(value, int | float) and not isinstance(value, bool)) for value in values):
        return pa.array([None if value is None else float(value) for value in values])
    return pa.array([value if value is None or isinstance(value, str) else json.dumps(value) for value in values])


def _encoding(name: str) -> str:
    python = _ENCODINGS.get(name.lower().replace("_", "").replace("-", ""), name)
    try:
        return codecs.lookup(python).name
    except (LookupError, ValueError):
        raise InvalidInput(f"unknown encoding '{name[:40]}'", field="encoding", mend="for example utf8") from None


def _short(error: Exception) -> str:
    return str(error).splitlines()[0][:300]


def with_path_column(chunks: Iterator[Chunk], name: str) -> Iterator[Chunk]:
    """Adds the file of each row as a column."""
    for chunk in chunks:
        paths = text_of(pa.array([str(chunk.path)] * chunk.rows.num_rows))
        yield Chunk(chunk.path, chunk.rows.append_column(name, paths))
