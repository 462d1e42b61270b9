"""Transformations: each makes one stream of chunks from another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from modelyard.domain.errors import InvalidInput, did_you_mean
from modelyard.mltable.chunks import Chunk, Step
from modelyard.mltable.conversion import converted
from modelyard.mltable.definition import ColumnType, unsupported
from modelyard.mltable.filters import compiled
from modelyard.mltable.libraries import numpy, pa
from modelyard.mltable.partitions import PartitionFormat


def step(name: str, argument: Any) -> Step:
    """The transformation `name`; Unsupported names those there are, InvalidInput says what is wrong with `argument`."""
    make = STEPS.get(name)
    if make is None:
        raise unsupported(name, [*STEPS, "read_delimited", "read_parquet", "read_json_lines"])
    return make(argument)


def _take(argument: Any) -> Step:
    count = _count(argument, "take")

    def run(chunks: Iterator[Chunk]) -> Iterator[Chunk]:
        left = count
        for chunk in chunks if count else ():
            yield Chunk(chunk.path, chunk.rows.slice(0, left))
            left -= min(left, chunk.rows.num_rows)
            if not left:
                return

    return run


def _skip(argument: Any) -> Step:
    count = _count(argument, "skip")

    def run(chunks: Iterator[Chunk]) -> Iterator[Chunk]:
        left = count
        for chunk in chunks:
            gone = min(left, chunk.rows.num_rows)
            left -= gone
            if gone < chunk.rows.num_rows or not gone:
                yield Chunk(chunk.path, chunk.rows.slice(gone))

    return run


def _take_random_sample(argument: Any) -> Step:
    options = argument if isinstance(argument, Mapping) else {"probability": argument}
    probability, seed = options.get("probability"), options.get("seed")
    if isinstance(probability, bool) or not isinstance(probability, int | float) or not 0 <= probability <= 1:
        raise _wrong("take_random_sample", "needs a probability of 0 to 1")
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int)):
        raise _wrong("take_random_sample", "needs a whole number as seed")

    def run(chunks: Iterator[Chunk]) -> Iterator[Chunk]:
        generator = numpy.random.default_rng(seed)
        for chunk in chunks:
            kept = generator.random(chunk.rows.num_rows) < probability
            yield Chunk(chunk.path, chunk.rows.filter(pa.array(kept)))

    return run


def _keep_columns(argument: Any) -> Step:
    names = _names(argument, "keep_columns")
    return _each(lambda chunk: chunk.rows.select(_present(chunk, names, "keep_columns")))


def _drop_columns(argument: Any) -> Step:
    names = _names(argument, "drop_columns")

    def drop(chunk: Chunk) -> Any:
        gone = set(_present(chunk, names, "drop_columns"))
        return chunk.rows.select([name for name in chunk.rows.schema.names if name not in gone])

    return _each(drop)


def _rename_columns(argument: Any) -> Step:
    if not isinstance(argument, Mapping):
        raise _wrong("rename_columns", "needs a mapping of old to new names")
    new = {str(old): str(name) for old, name in argument.items()}

    def rename(chunk: Chunk) -> Any:
        _present(chunk, list(new), "rename_columns")
        return chunk.rows.rename_columns([new.get(name, name) for name in chunk.rows.schema.names])

    return _each(rename)


def _convert_column_types(argument: Any) -> Step:
    wanted = [ColumnType.read(item) for item in (argument if isinstance(argument, list) else [argument])]

    def convert(chunk: Chunk) -> Any:
        rows = chunk.rows
        for item in wanted:
            for name in _present(chunk, item.columns, "convert_column_types"):
                index = rows.schema.names.index(name)
                rows = rows.set_column(index, name, converted(rows.column(index), item, name))
        return rows

    return _each(convert)


def _filter(argument: Any) -> Step:
    if not isinstance(argument, str):
        raise _wrong("filter", "needs an expression such as col('age') > 30")
    mask = compiled(argument)
    return _each(lambda chunk: chunk.rows.filter(mask(chunk.rows)))


def _partitions(argument: Any) -> Step:
    text = argument.get("partition_format") if isinstance(argument, Mapping) else argument
    if not isinstance(text, str):
        raise _wrong("extract_columns_from_partition_format", "needs a format such as /{year}/{month}/data.csv")
    found = PartitionFormat(text)

    def extract(chunk: Chunk) -> Any:
        rows = chunk.rows
        for index, (name, value) in enumerate(found.values(chunk.path).items()):
            rows = rows.add_column(index, name, pa.array([value] * rows.num_rows))
        return rows

    return _each(extract)


STEPS: Mapping[str, Callable[[Any], Step]] = {
    "take": _take,
    "skip": _skip,
    "take_random_sample": _take_random_sample,
    "keep_columns": _keep_columns,
    "drop_columns": _drop_columns,
    "rename_columns": _rename_columns,
    "convert_column_types": _convert_column_types,
    "filter": _filter,
    "extract_columns_from_partition_format": _partitions,
}


def _each(change: Callable[[Chunk], Any]) -> Step:
    def run(chunks: Iterator[Chunk]) -> Iterator[Chunk]:
        for chunk in chunks:
            yield Chunk(chunk.path, change(chunk))

    return run


def _present(chunk: Chunk, names: list[str], step_name: str) -> list[str]:
    known = chunk.rows.schema.names
    for name in names:
        if name not in known:
            mend = did_you_mean(name, known) or f"columns: {', '.join(known[:30])}"
            raise InvalidInput(f"{step_name}: there is no column '{name[:80]}'", field="transformations", mend=mend)
    return names


def _names(argument: Any, step_name: str) -> list[str]:
    names = [argument] if isinstance(argument, str) else argument
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise _wrong(step_name, "needs a column or a list of columns")
    return names


def _count(argument: Any, step_name: str) -> int:
    if isinstance(argument, bool) or not isinstance(argument, int) or argument < 0:
        raise _wrong(step_name, "needs a whole number of rows")
    return argument


def _wrong(step_name: str, what: str) -> InvalidInput:
    return InvalidInput(f"{step_name} {what}", field=f"transformations.{step_name}")
