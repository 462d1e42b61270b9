"""The first rows of data and its profile, wherever its files lie."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from modelyard.domain.choices import DataType
from modelyard.domain.errors import NotFound, TooLarge
from modelyard.mltable import of_data
from modelyard.mltable.preview import DataPreview
from modelyard.mltable.preview import preview as preview_table
from modelyard.mltable.profile import DataProfile
from modelyard.mltable.profile import profile as profile_table
from modelyard.ports.artifact_store import ArtifactStore

# What is fetched from a remote store to look at it.
MAX_FETCHED_BYTES = 1 << 30
MAX_PROFILED_ROWS = 5_000_000


def preview(store: ArtifactStore, path: str, kind: DataType, *, rows: int = 100) -> DataPreview:
    """At most `rows` rows (1,000 at most) of the data at `path`.

    Unsupported for files that are no table, InvalidInput for a table that cannot be read or whose paths
    leave the data, TooLarge for a remote one beyond what is fetched.
    """
    with _on_this_machine(store, path) as (local, root):
        return preview_table(of_data(local, kind, within=root), rows)


def profile(store: ArtifactStore, path: str, kind: DataType, *, max_rows: int | None = None) -> DataProfile:
    """Each column of the data at `path`: counts, missing, distinct, statistics, histogram. Errors as for `preview`."""
    limit = min(max_rows, MAX_PROFILED_ROWS) if max_rows is not None else MAX_PROFILED_ROWS
    with _on_this_machine(store, path) as (local, root):
        return profile_table(of_data(local, kind, within=root), limit)


@contextmanager
def _on_this_machine(store: ArtifactStore, path: str) -> Iterator[tuple[Path, Path]]:
    """The data as a local path, and the folder that its table may not leave."""
    local = store.local_path(path)
    if local is not None:
        if not local.exists():
            raise NotFound(f"There is nothing at '{path}'.", field="path")
        yield local, local if local.is_dir() else local.parent
        return
    with tempfile.TemporaryDirectory(prefix="modelyard-preview-") as folder:
        yield _fetched(store, path, Path(folder)), Path(folder)


def _fetched(store: ArtifactStore, path: str, folder: Path) -> Path:
    """Copies the file or the folder at `path`."""
    below = list(store.list(path))
    files = below or [store.stat(path)]
    if sum(file.size for file in files) > MAX_FETCHED_BYTES:
        raise TooLarge(
            f"The data at '{path}' is larger than the {MAX_FETCHED_BYTES >> 20} MiB that are fetched to look at it.",
            mend="look at it in a job",
        )
    prefix = f"{path.strip('/')}/" if below else ""
    for file in files:
        inside = file.path.removeprefix(prefix) if below else Path(file.path).name
        target = folder / inside
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as stream:
            stream.writelines(store.open_read(file.path))
    return folder if below else folder / Path(path).name
