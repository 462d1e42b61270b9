"""Tables over files, read when asked: as Arrow, pandas or polars, whole or in batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import yaml

from modelyard.domain.choices import DataType
from modelyard.domain.errors import InvalidInput, NotFound, Unsupported
from modelyard.domain.extras import require
from modelyard.mltable.chunks import Chunk, Rescan, Step, joined
from modelyard.mltable.definition import Definition, ReadDelimited, ReadJsonLines, ReadParquet, TablePath, named
from modelyard.mltable.files import Fetch, Place, files_of
from modelyard.mltable.readers import (
    DelimitedReader,
    JsonLinesReader,
    ParquetReader,
    PathReader,
    Reader,
    with_path_column,
)
from modelyard.mltable.steps import step

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

T = TypeVar("T")
_MAX_DEFINITION_BYTES = 1_000_000
# A column widens at most twice: to a number with a fraction, then to text.
_MAX_RESCANS = 10_000


@dataclass(frozen=True)
class MLTable:
    """Files and what is done to them. Changing methods answer a new table; nothing is read until asked."""

    definition: Definition
    place: Place

    @property
    def paths(self) -> list[dict[str, str]]:
        return [path.to_dict() for path in self.definition.paths]

    def files(self) -> list[Path]:
        """The files behind the paths."""
        return files_of(self.definition.paths, self.place)

    def take(self, count: int = 20) -> MLTable:
        return self._and("take", count)

    def skip(self, count: int) -> MLTable:
        return self._and("skip", count)

    def take_random_sample(self, probability: float, seed: int | None = None) -> MLTable:
        return self._and("take_random_sample", {"probability": probability} | ({} if seed is None else {"seed": seed}))

    def keep_columns(self, columns: str | Iterable[str]) -> MLTable:
        return self._and("keep_columns", columns if isinstance(columns, str) else list(columns))

    def drop_columns(self, columns: str | Iterable[str]) -> MLTable:
        return self._and("drop_columns", columns if isinstance(columns, str) else list(columns))

    def convert_column_types(self, types: Mapping[str, Any]) -> MLTable:
        """Types by column: a word such as `int`, or a mapping such as `{"datetime": {"formats": [...]}}`."""
        return self._and(
            "convert_column_types", [{"columns": [name], "column_type": kind} for name, kind in types.items()]
        )

    def filter(self, expression: str) -> MLTable:
        """Keep the rows where an expression such as `col('age') > 30` holds."""
        return self._and("filter", expression)

    def extract_columns_from_partition_format(self, partition_format: str) -> MLTable:
        return self._and("extract_columns_from_partition_format", partition_format)

    def to_arrow(self) -> pyarrow.Table:
        """The whole table in memory."""
        return self.read(joined)

    def to_pandas_dataframe(self) -> pandas.DataFrame:
        """The whole table as a pandas frame."""
        require("pandas", extra="server", what="Reading tables into pandas")
        return self.to_arrow().to_pandas()

    def to_polars(self) -> polars.DataFrame:
        """The whole table as a polars frame; polars must be installed."""
        library = require("polars", extra="polars", what="Reading tables into polars")
        return library.from_arrow(self.to_arrow())

    def show(self, count: int = 20) -> pandas.DataFrame:
        """The first rows."""
        return self.take(count).to_pandas_dataframe()

    def read(self, consume: Callable[[Iterator[pyarrow.RecordBatch]], T]) -> T:
        """What `consume` makes of the batches, in bounded memory.

        It is called again from the start when a column turns out to be wider than its first rows said, so it
        must keep nothing between calls.
        """
        reader, steps = self._plan()
        files = self.files()
        for _ in range(_MAX_RESCANS):
            try:
                return consume(_rows(reader, steps, files))
            except Rescan:
                continue
        raise InvalidInput("the types of the columns cannot be found", field="paths")

    def save(self, path: str | Path) -> Path:
        """Write the definition as `<path>/MLTable`; relative paths are written as they are."""
        target = Path(path)
        target.mkdir(parents=True, exist_ok=True)
        (target / "MLTable").write_text(yaml.safe_dump(self.definition.to_dict(), sort_keys=False))
        return target

    def _and(self, name: str, argument: Any) -> MLTable:
        step(name, argument)
        changed = self.definition.model_copy(deep=True)
        changed.transformations = [*changed.transformations, {name: argument}]
        return replace(self, definition=changed)

    def _plan(self) -> tuple[Reader, list[Step]]:
        reader: Reader = PathReader()
        steps: list[Step] = []
        for index, transformation in enumerate(self.definition.transformations):
            name, argument = named(transformation)
            if name in _READERS:
                if index:
                    raise InvalidInput(f"'{name}' must come first", field=f"transformations.{index}")
                reader, steps = _reader(name, argument)
            else:
                steps.append(step(name, argument))
        return reader, steps


def _rows(reader: Reader, steps: list[Step], files: list[Path]) -> Iterator[pyarrow.RecordBatch]:
    chunks: Iterator[Chunk] = reader.chunks(files)
    for change in steps:
        chunks = change(chunks)
    for chunk in chunks:
        yield chunk.rows


def _reader(name: str, argument: Any) -> tuple[Reader, list[Step]]:
    if argument is not None and not isinstance(argument, Mapping):
        raise InvalidInput(f"{name} needs a mapping of options", field=f"transformations.{name}")
    reader, options = _READERS[name](argument or {})
    column = options.path_column or ("Path" if options.include_path_column else None)
    return reader, [lambda chunks: with_path_column(chunks, column)] if column else []


def _delimited(options: Mapping[str, Any]) -> tuple[Reader, ReadDelimited]:
    read = ReadDelimited.from_dict(options)
    return DelimitedReader(read), read


def _parquet(options: Mapping[str, Any]) -> tuple[Reader, ReadParquet]:
    return ParquetReader(), ReadParquet.from_dict(options)


def _json_lines(options: Mapping[str, Any]) -> tuple[Reader, ReadJsonLines]:
    read = ReadJsonLines.from_dict(options)
    return JsonLinesReader(read), read


_READERS: Mapping[str, Callable[[Mapping[str, Any]], tuple[Reader, ReadDelimited | ReadParquet | ReadJsonLines]]] = {
    "read_delimited": _delimited,
    "read_parquet": _parquet,
    "read_json_lines": _json_lines,
}
_BY_SUFFIX: Mapping[str, dict[str, Any]] = {
    ".csv": {"read_delimited": {}},
    ".tsv": {"read_delimited": {"delimiter": "\t"}},
    ".txt": {"read_delimited": {}},
    ".parquet": {"read_parquet": {}},
    ".pq": {"read_parquet": {}},
    ".jsonl": {"read_json_lines": {}},
    ".ndjson": {"read_json_lines": {}},
}


def load(uri: str | Path, *, within: Path | None = None, fetch: Fetch | None = None) -> MLTable:
    """The table of a folder with an MLTable file, or of that file.

    With `within`, a path that leaves that folder is refused. `fetch` brings what a URI points at to this machine.
    """
    path = _local(uri, fetch)
    file = path / "MLTable" if path.is_dir() else path
    if not file.is_file():
        raise NotFound(f"'{uri}' holds no MLTable file", field="path")
    if file.stat().st_size > _MAX_DEFINITION_BYTES:
        raise InvalidInput(f"the MLTable file is larger than {_MAX_DEFINITION_BYTES} bytes", file=str(file))
    return MLTable(_definition(file), Place(file.resolve().parent, within, fetch))


def of_data(path: Path, kind: DataType, *, within: Path | None = None, fetch: Fetch | None = None) -> MLTable:
    """The table of a data asset: an MLTable, or files that are read by their suffix; Unsupported for other files."""
    if kind is DataType.MLTABLE or (path / "MLTable").is_file():
        return load(path, within=within, fetch=fetch)
    place = Place(path.resolve().parent if path.is_file() else path.resolve(), within, fetch)
    inside = TablePath(file=path.name) if path.is_file() else TablePath(folder=".")
    files = files_of([inside], place)
    suffixes = {file.suffix.lower() for file in files if file.suffix.lower() in _BY_SUFFIX}
    if len(suffixes) != 1:
        raise Unsupported(
            f"'{path.name}' is no table: it holds {'several kinds' if suffixes else 'none'} of table files",
            field="type",
            mend=f"a table is made of {', '.join(sorted(_BY_SUFFIX))} files, or has an MLTable file",
        )
    (suffix,) = suffixes
    paths = [inside] if path.is_file() else [TablePath(pattern=f"**/*{suffix}")]
    return MLTable(Definition(paths=paths, transformations=[_BY_SUFFIX[suffix]]), place)


def from_delimited_files(paths: Iterable[Mapping[str, str]], **options: Any) -> MLTable:
    """A table of delimited files; `options` are those of `read_delimited`."""
    return _from(paths, "read_delimited", options)


def from_parquet_files(paths: Iterable[Mapping[str, str]], **options: Any) -> MLTable:
    """A table of Parquet files."""
    return _from(paths, "read_parquet", options)


def from_json_lines_files(paths: Iterable[Mapping[str, str]], **options: Any) -> MLTable:
    """A table of JSON-lines files."""
    return _from(paths, "read_json_lines", options)


def _from(paths: Iterable[Mapping[str, str]], name: str, options: dict[str, Any]) -> MLTable:
    _reader(name, options)
    definition = Definition.from_dict({"paths": [dict(path) for path in paths], "transformations": [{name: options}]})
    return MLTable(definition, Place(Path.cwd()))


def _local(uri: str | Path, fetch: Fetch | None) -> Path:
    text = str(uri)
    if "://" in text and not text.startswith("file:"):
        if fetch is None:
            raise Unsupported(f"'{text[:200]}' is not on this machine", field="path", mend="download it first")
        return fetch(text)
    return Path(text.removeprefix("file://").removeprefix("file:"))


def _definition(file: Path) -> Definition:
    try:
        values = yaml.safe_load(file.read_text(encoding="utf-8-sig"))
    except (yaml.YAMLError, UnicodeError, RecursionError, ValueError) as error:
        raise InvalidInput(f"not YAML: {str(error)[:300]}", file=str(file)) from None
    if not isinstance(values, dict):
        raise InvalidInput("the MLTable file holds no mapping", file=str(file))
    try:
        return Definition.from_dict(values)
    except InvalidInput as error:
        error.file = str(file)
        raise
