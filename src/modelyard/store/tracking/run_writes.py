"""Creating and updating runs; as in `logging_writes`, None means: not our case, ask MLflow."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from modelyard.store.tracking.connections import TrackingConnection
from modelyard.store.tracking.logging_writes import RUN_NAME_TAG, is_active, set_tag
from modelyard.store.tracking.run_documents import Document, read_info, run_info

SERVED_ROOT = "mlflow-artifacts:/"

_EXPERIMENT = """
SELECT artifact_location FROM experiments WHERE experiment_id = ? AND workspace = ? AND lifecycle_stage = 'active'"""
_INSERT = """
INSERT INTO runs (run_uuid, name, source_type, source_name, entry_point_name, user_id, status, start_time, end_time,
                  deleted_time, source_version, lifecycle_stage, artifact_uri, experiment_id)
VALUES (?, ?, 'UNKNOWN', '', '', ?, 'RUNNING', ?, NULL, NULL, '', 'active', ?, ?)"""
_TAG = "INSERT INTO tags (key, value, run_uuid) VALUES (?, ?, ?)"


def artifact_uri(location: str, run_id: str) -> str:
    """Where a run's files go: our own folder per run, unless the experiment was given a place of its own."""
    if location.startswith(SERVED_ROOT):
        return f"{SERVED_ROOT}ExperimentRun/dcid.{run_id}"
    return f"{location.rstrip('/')}/{run_id}/artifacts"


def create_run(
    connection: TrackingConnection,
    workspace: str,
    experiment_id: int,
    user_id: str,
    start_time: int,
    name: str,
    tags: Mapping[str, str],
) -> Document | None:
    """A running run with a fresh id; `tags` hold its name too."""
    found = connection.row(_EXPERIMENT, (experiment_id, workspace))
    if found is None:
        return None
    run_id = uuid.uuid4().hex
    uri = artifact_uri(found[0] or SERVED_ROOT, run_id)
    connection.run(_INSERT, (run_id, name, user_id, start_time, uri, experiment_id))
    connection.run_many(_TAG, [(key, value, run_id) for key, value in tags.items()])
    row = (run_id, name, experiment_id, user_id, "RUNNING", start_time, None, uri, "active")
    data = {"tags": [{"key": key, "value": value} for key, value in tags.items()]} if tags else {}
    return {"info": run_info(row), "data": data, "inputs": {}}


def update_run(
    connection: TrackingConnection,
    workspace: str,
    run_id: str,
    status: str | None,
    end_time: int | None,
    name: str | None,
) -> Document | None:
    """Change what is given of an active run; its facts afterwards."""
    if not is_active(connection, workspace, run_id):
        return None
    given = {"status": status, "end_time": end_time, "name": name or None}
    changes = {column: value for column, value in given.items() if value is not None}
    if changes:
        assignments = ", ".join(f"{column} = ?" for column in changes)
        connection.run(f"UPDATE runs SET {assignments} WHERE run_uuid = ?", (*changes.values(), run_id))
    if name:
        set_tag(connection, run_id, RUN_NAME_TAG, name)
    return read_info(connection, workspace, run_id)
