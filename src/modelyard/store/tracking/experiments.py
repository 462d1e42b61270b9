"""Experiments of a workspace."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence

from modelyard.store.tracking.connections import Row, TrackingConnection
from modelyard.store.tracking.run_documents import Document, marks
from modelyard.store.tracking.run_writes import SERVED_ROOT

DEFAULT_NAME = "Default"
_COLUMNS = "experiment_id, name, artifact_location, lifecycle_stage, creation_time, last_update_time, workspace"
_BY_ID = f"SELECT {_COLUMNS} FROM experiments WHERE experiment_id = ? AND workspace = ?"
_BY_NAME = f"SELECT {_COLUMNS} FROM experiments WHERE name = ? AND workspace = ?"
_TAGS = "SELECT experiment_id, key, value FROM experiment_tags WHERE experiment_id IN "
_INSERT = """
INSERT INTO experiments (name, artifact_location, lifecycle_stage, creation_time, last_update_time, workspace)
VALUES (?, ?, 'active', ?, ?, ?) ON CONFLICT DO NOTHING"""
_ID = "SELECT experiment_id FROM experiments WHERE name = ? AND workspace = ?"
_LOCATE = "UPDATE experiments SET artifact_location = ? WHERE experiment_id = ?"
_TAG = "INSERT INTO experiment_tags (key, value, experiment_id) VALUES (?, ?, ?)"


def by_id(connection: TrackingConnection, workspace: str, experiment_id: int) -> Document | None:
    """One experiment of the workspace, deleted or not."""
    return _document(connection, connection.row(_BY_ID, (experiment_id, workspace)))


def by_name(connection: TrackingConnection, workspace: str, name: str) -> Document | None:
    """One experiment of the workspace, deleted or not."""
    return _document(connection, connection.row(_BY_NAME, (name, workspace)))


def create(
    connection: TrackingConnection, workspace: str, name: str, location: str | None, tags: Mapping[str, str]
) -> int | None:
    """A new experiment's id; None when the name is taken, by a deleted experiment too."""
    now = int(time.time() * 1000)
    if connection.run(_INSERT, (name, location, now, now, workspace)) == 0:
        return None
    (experiment_id,) = connection.rows(_ID, (name, workspace))[0]
    if not location:
        connection.run(_LOCATE, (f"{SERVED_ROOT}{experiment_id}", experiment_id))
    connection.run_many(_TAG, [(key, value, experiment_id) for key, value in tags.items()])
    return int(experiment_id)


def default_id(connection: TrackingConnection, workspace: str) -> int:
    """The id of the workspace's experiment "Default", made when it is not there. Needs a write transaction."""
    found = connection.row(_ID, (DEFAULT_NAME, workspace))
    if found is not None:
        return int(found[0])
    made = create(connection, workspace, DEFAULT_NAME, None, {})
    return made if made is not None else default_id(connection, workspace)


def search(
    connection: TrackingConnection, workspace: str, stages: Iterable[str], limit: int, offset: int
) -> tuple[list[Document], bool]:
    """The newest experiments, and whether there are more."""
    wanted = list(stages)
    query = f"""SELECT {_COLUMNS} FROM experiments WHERE workspace = ? AND lifecycle_stage IN {marks(wanted)}
                ORDER BY creation_time DESC, experiment_id ASC LIMIT ? OFFSET ?"""
    rows = connection.rows(query, [workspace, *wanted, limit + 1, offset])
    return _documents(connection, rows[:limit]), len(rows) > limit


def _document(connection: TrackingConnection, row: Row | None) -> Document | None:
    return None if row is None else _documents(connection, [row])[0]


def _documents(connection: TrackingConnection, rows: Sequence[Row]) -> list[Document]:
    documents = {row[0]: _facts(row) for row in rows}
    ids = list(documents)
    if ids:
        for experiment_id, key, value in connection.rows(_TAGS + marks(ids), ids):
            documents[experiment_id].setdefault("tags", []).append({"key": key, "value": value})
    return list(documents.values())


def _facts(row: Row) -> Document:
    experiment_id, name, location, stage, created, updated, workspace = row
    facts = {"experiment_id": str(experiment_id), "name": name, "artifact_location": location or ""}
    facts["lifecycle_stage"] = stage
    facts |= {key: at for key, at in (("creation_time", created), ("last_update_time", updated)) if at}
    return facts | {"workspace": workspace}
