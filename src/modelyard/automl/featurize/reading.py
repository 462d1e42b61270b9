"""Tables from whatever a user has: a pandas frame out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from modelyard.domain.errors import InvalidInput, NotFound
from modelyard.domain.extras import LazyModule
from modelyard.kit.deferred import deferred

pandas: Any = LazyModule("pandas", extra="automl", what="reading tables")
mltable = deferred("modelyard.mltable")

_CSV = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz")
_PARQUET = (".parquet", ".pq")


def read(data: Any) -> Any:
    """A frame of a frame (pandas, polars, arrow), a path (csv, parquet, a folder of them or with an
    MLTable), or a mapping of columns.

    Raises:
        InvalidInput: it is no table, or an empty one.
        NotFound: nothing is at the path.
    """
    frame = _frame(data)
    if not len(frame.columns) or not len(frame):
        raise InvalidInput("the table is empty", field="training_data", mend="give it rows and columns")
    return frame


def _frame(data: Any) -> Any:
    if isinstance(data, pandas.DataFrame):
        return data
    if isinstance(data, str | Path):
        return _of_path(Path(data))
    if isinstance(data, Mapping):
        try:
            return pandas.DataFrame(dict(data))
        except ValueError as error:
            raise InvalidInput(f"the columns make no table: {error}", field="training_data") from error
    if hasattr(data, "to_pandas"):
        return data.to_pandas()
    raise InvalidInput(
        f"a {type(data).__name__} is no table", field="training_data", mend="give a frame, a path or a mapping"
    )


def _of_path(path: Path) -> Any:
    if not path.exists():
        raise NotFound(f"there is no file {path}", field="training_data")
    if path.is_dir() and (path / "MLTable").exists():
        return mltable.load(path).to_pandas_dataframe()
    files = _files_of_folder(path) if path.is_dir() else [path]
    try:
        tables = [_of_file(file) for file in files]
    except (ValueError, OSError) as error:
        raise InvalidInput(f"{path.name} cannot be read: {error}", field="training_data") from error
    return tables[0] if len(tables) == 1 else pandas.concat(tables, ignore_index=True)


def _files_of_folder(path: Path) -> list[Path]:
    """The parts of a table in a folder, by name; hidden files and those of other kinds are not of it."""
    parts = [file for file in sorted(path.rglob("*")) if file.is_file() and not file.name.startswith((".", "_"))]
    files = [file for file in parts if file.name.lower().endswith((*_PARQUET, *_CSV))]
    if not files:
        text = f"there is no csv or parquet file in the folder {path.name}"
        raise InvalidInput(text, field="training_data", mend="name the folder that the tables are in")
    return files


def _of_file(path: Path) -> Any:
    name = path.name.lower()
    if name.endswith(_PARQUET):
        return pandas.read_parquet(path)
    if name.endswith(_CSV):
        return pandas.read_csv(path, sep="\t" if ".tsv" in name else ",", low_memory=False)
    text = f"{path.name} is of no kind that can be read"
    raise InvalidInput(text, field="training_data", mend="give a .csv or .parquet file, or a folder with an MLTable")
