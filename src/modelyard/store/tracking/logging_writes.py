"""Metrics, params and tags of a run: what log-metric, log-parameter, log-batch, set-tag and delete-tag write.

Each function checks before it writes, and answers False, having written nothing, for a case that it does not own
(an unknown or deleted run, a param that would change, ...); the caller then asks MLflow, whose answer is the rule.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from modelyard.store.tracking.connections import TrackingConnection

RUN_NAME_TAG = "mlflow.runName"


class MetricPoint(NamedTuple):
    """One value as it is stored: `value` is finite, 0 where `is_nan`."""

    key: str
    value: float
    timestamp: int
    step: int
    is_nan: bool


_ACTIVE = """
SELECT 1 FROM runs r JOIN experiments e ON e.experiment_id = r.experiment_id
WHERE r.run_uuid = ? AND r.lifecycle_stage = 'active' AND e.workspace = ?"""
_METRIC = """
INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"""
_LATEST = """
INSERT INTO latest_metrics (key, value, timestamp, run_uuid, step, is_nan) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (key, run_uuid) DO UPDATE
SET value = excluded.value, timestamp = excluded.timestamp, step = excluded.step, is_nan = excluded.is_nan
WHERE (excluded.step, excluded.timestamp, excluded.value)
    > (latest_metrics.step, latest_metrics.timestamp, latest_metrics.value)"""
_PARAM_VALUE = "SELECT value FROM params WHERE run_uuid = ? AND key = ?"
_PARAM_VALUES = "SELECT key, value FROM params WHERE run_uuid = ?"
_PARAM = "INSERT INTO params (key, value, run_uuid) VALUES (?, ?, ?)"
_TAG = """
INSERT INTO tags (key, value, run_uuid) VALUES (?, ?, ?)
ON CONFLICT (key, run_uuid) DO UPDATE SET value = excluded.value"""
# The same three writes, each in one statement; for PostgreSQL.
_RUN_CTE = f"WITH run AS ({_ACTIVE})"
_WHOLE_METRIC = f"""{_RUN_CTE}, point AS (
    INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan)
    SELECT ?, ?, ?, ?, ?, ? FROM run ON CONFLICT DO NOTHING
), latest AS (
    INSERT INTO latest_metrics (key, value, timestamp, run_uuid, step, is_nan) SELECT ?, ?, ?, ?, ?, ? FROM run
    ON CONFLICT (key, run_uuid) DO UPDATE
    SET value = excluded.value, timestamp = excluded.timestamp, step = excluded.step, is_nan = excluded.is_nan
    WHERE (excluded.step, excluded.timestamp, excluded.value)
        > (latest_metrics.step, latest_metrics.timestamp, latest_metrics.value)
) SELECT 1 FROM run"""
_WHOLE_PARAM = f"""{_RUN_CTE}, present AS (SELECT value FROM params WHERE run_uuid = ? AND key = ?), made AS (
    INSERT INTO params (key, value, run_uuid)
    SELECT ?, ?, ? FROM run WHERE NOT EXISTS (SELECT 1 FROM present) ON CONFLICT DO NOTHING RETURNING 1
) SELECT 1 FROM run WHERE EXISTS (SELECT 1 FROM made) OR EXISTS (SELECT 1 FROM present WHERE value = ?)"""
_WHOLE_TAG = f"""{_RUN_CTE}, tag AS (
    INSERT INTO tags (key, value, run_uuid) SELECT ?, ?, ? FROM run
    ON CONFLICT (key, run_uuid) DO UPDATE SET value = excluded.value
) SELECT 1 FROM run"""
_DELETE_TAG = "DELETE FROM tags WHERE run_uuid = ? AND key = ?"


def log_data(
    connection: TrackingConnection,
    workspace: str,
    run_id: str,
    metrics: Sequence[MetricPoint] = (),
    params: Mapping[str, str] | None = None,
    tags: Mapping[str, str] | None = None,
) -> bool:
    """Write metrics, params and tags of one active run, all or none."""
    if not is_active(connection, workspace, run_id):
        return False
    fresh = _fresh_params(connection, run_id, params) if params else {}
    if fresh is None:
        return False
    if fresh:
        connection.run_many(_PARAM, [(key, value, run_id) for key, value in fresh.items()])
    if metrics:
        _write_metrics(connection, run_id, metrics)
    for key, value in (tags or {}).items():
        connection.run(_TAG, (key, value, run_id))
    return True


def log_metric(connection: TrackingConnection, workspace: str, run_id: str, point: MetricPoint) -> bool:
    """As `log_data` with one metric."""
    if not connection.writes_in_queries:
        return log_data(connection, workspace, run_id, (point,))
    key, value, timestamp, step, is_nan = point
    row = (key, value, timestamp, run_id, step, is_nan)
    return bool(connection.rows(_WHOLE_METRIC, (run_id, workspace, *row, *row)))


def log_param(connection: TrackingConnection, workspace: str, run_id: str, key: str, value: str) -> bool:
    """As `log_data` with one param."""
    if not connection.writes_in_queries:
        return log_data(connection, workspace, run_id, params={key: value})
    given = (run_id, workspace, run_id, key, key, value, run_id, value)
    return bool(connection.rows(_WHOLE_PARAM, given))


def log_tag(connection: TrackingConnection, workspace: str, run_id: str, key: str, value: str) -> bool:
    """As `log_data` with one tag."""
    if not connection.writes_in_queries:
        return log_data(connection, workspace, run_id, tags={key: value})
    return bool(connection.rows(_WHOLE_TAG, (run_id, workspace, key, value, run_id)))


def delete_tag(connection: TrackingConnection, workspace: str, run_id: str, key: str) -> bool:
    """Remove one tag of an active run; False when there is no such tag."""
    return is_active(connection, workspace, run_id) and connection.run(_DELETE_TAG, (run_id, key)) == 1


def is_active(connection: TrackingConnection, workspace: str, run_id: str) -> bool:
    """Whether `workspace` has such a run that was not deleted."""
    return bool(connection.rows(_ACTIVE, (run_id, workspace)))


def set_tag(connection: TrackingConnection, run_id: str, key: str, value: str) -> None:
    """Write one tag over what was there."""
    connection.run(_TAG, (key, value, run_id))


def _fresh_params(connection: TrackingConnection, run_id: str, params: Mapping[str, str]) -> dict[str, str] | None:
    """The params that are not there yet; None when one is there with another value."""
    if len(params) == 1:
        key = next(iter(params))
        found = connection.row(_PARAM_VALUE, (run_id, key))
        present = {} if found is None else {key: found[0]}
    else:
        present = dict(connection.rows(_PARAM_VALUES, (run_id,)))
    if any(present.get(key, value) != value for key, value in params.items()):
        return None
    return {key: value for key, value in params.items() if key not in present}


def _write_metrics(connection: TrackingConnection, run_id: str, metrics: Sequence[MetricPoint]) -> None:
    if len(metrics) == 1:
        key, value, timestamp, step, is_nan = metrics[0]
        row = (key, value, timestamp, run_id, step, is_nan)
        connection.run(_METRIC, row)
        connection.run(_LATEST, row)
        return
    latest: dict[str, MetricPoint] = {}
    for point in metrics:
        before = latest.get(point.key)
        if before is None or (point.step, point.timestamp, point.value) > (before.step, before.timestamp, before.value):
            latest[point.key] = point
    connection.run_many(_METRIC, [(key, value, ts, run_id, step, nan) for key, value, ts, step, nan in metrics])
    rows = [(key, point.value, point.timestamp, run_id, point.step, point.is_nan) for key, point in latest.items()]
    # In one order, so that two writers of the same run cannot wait for each other's rows.
    connection.run_many(_LATEST, sorted(rows))
