"""The MLTable file: which files, read how, changed how."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from pydantic import Field, field_validator

from modelyard.domain.choices import Choice
from modelyard.domain.entity import Part, problem
from modelyard.domain.errors import Unsupported


class Header(Choice):
    """Where column names stand."""

    ALL_FILES_SAME_HEADERS = "all_files_same_headers"
    ALL_FILES_DIFFERENT_HEADERS = "all_files_different_headers"
    FROM_FIRST_FILE = "from_first_file"
    NO_HEADER = "no_header"


class TablePath(Part):
    """One of a file, a folder and a glob pattern; relative to the MLTable file."""

    file: str | None = None
    folder: str | None = None
    pattern: str | None = None

    def problems(self) -> Iterable[dict[str, str]]:
        if len([value for value in (self.file, self.folder, self.pattern) if value is not None]) != 1:
            yield problem("", "a path is one of file, folder and pattern", "write one of them")


class ReadDelimited(Part):
    """Text with one row a line."""

    delimiter: str = ","
    encoding: str = "utf8"
    header: Header = Header.ALL_FILES_SAME_HEADERS
    empty_as_string: bool = False
    infer_column_types: bool | dict[str, Any] = True
    include_path_column: bool = False
    support_multi_line: bool = False
    partition_size: int | None = None
    path_column: str | None = None


class ReadParquet(Part):
    """Parquet files."""

    include_path_column: bool = False
    path_column: str | None = None


class ReadJsonLines(Part):
    """One JSON object a line."""

    encoding: str = "utf8"
    invalid_lines: str = "error"
    include_path_column: bool = False
    partition_size: int | None = None
    path_column: str | None = None

    @field_validator("invalid_lines")
    @classmethod
    def _known(cls, value: str) -> str:
        if value.lower() not in ("error", "drop"):
            raise ValueError("must be 'error' or 'drop'")
        return value.lower()


class ColumnType(Part):
    """A wanted type of columns: a word, or a word with its options."""

    columns: list[str]
    column_type: str
    formats: list[str] | None = None
    true_values: list[str] | None = None
    false_values: list[str] | None = None
    mismatch_as: str | None = None

    TYPES: ClassVar[tuple[str, ...]] = ("int", "float", "string", "boolean", "datetime", "stream_info")

    @classmethod
    def read(cls, written: Any) -> ColumnType:
        """From `{columns: a or [a], column_type: int}` or `column_type: {datetime: {formats: [...]}}`."""
        values = dict(written) if isinstance(written, dict) else {"columns": written}
        if isinstance(values.get("columns"), str):
            values["columns"] = [values["columns"]]
        kind = values.get("column_type")
        if isinstance(kind, dict) and len(kind) == 1:
            ((values["column_type"], options),) = kind.items()
            values |= options if isinstance(options, dict) else {}
        return cls.from_dict(values)

    def problems(self) -> Iterable[dict[str, str]]:
        if self.column_type not in self.TYPES:
            yield problem("column_type", f"unknown type '{self.column_type}'", f"one of {', '.join(self.TYPES)}")


class Definition(Part):
    """An MLTable file. `transformations` are single-key mappings, applied in order."""

    type: str = "mltable"
    paths: list[TablePath] = Field(min_length=1)
    transformations: list[dict[str, Any] | str] = Field(default_factory=list)
    metadata: dict[str, Any] | None = None
    traits: dict[str, Any] | None = None
    query_source: dict[str, Any] | None = None

    def problems(self) -> Iterable[dict[str, str]]:
        for index, written in enumerate(self.transformations):
            if isinstance(written, dict) and len(written) != 1:
                yield problem(f"transformations.{index}", "a transformation has one name", "begin a new list item")


def named(transformation: dict[str, Any] | str) -> tuple[str, Any]:
    """The name and argument of a transformation: `take: 3`, or a bare `read_parquet`."""
    if isinstance(transformation, str):
        return transformation, None
    ((name, argument),) = transformation.items()
    return name, argument


def unsupported(name: str, known: Iterable[str]) -> Unsupported:
    return Unsupported(
        f"the transformation '{name}' is not supported",
        field="transformations",
        mend=f"supported: {', '.join(sorted(known))}",
    )
