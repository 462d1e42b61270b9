"""Reading what was logged under one metric's name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from modelyard.store.tracking.connections import Row, TrackingConnection
from modelyard.store.tracking.run_documents import Document, marks, number

_ACCESSIBLE = """
SELECT r.run_uuid FROM runs r JOIN experiments e ON e.experiment_id = r.experiment_id
WHERE e.workspace = ? AND r.run_uuid IN """
_HISTORY = """
SELECT value, timestamp, step, is_nan FROM metrics WHERE run_uuid = ? AND key = ? ORDER BY timestamp, step, value
LIMIT ? OFFSET ?"""
_SAMPLE = """
SELECT value, timestamp, step, is_nan FROM (
    SELECT value, timestamp, step, is_nan,
           row_number() OVER (PARTITION BY bucket ORDER BY step, timestamp, value, is_nan) AS place
    FROM (SELECT value, timestamp, step, is_nan,
                 ntile({buckets}) OVER (ORDER BY step, timestamp, value, is_nan) AS bucket
          FROM metrics WHERE run_uuid = ? AND key = ? {steps}) AS bucketed
) AS ranked WHERE place = 1 ORDER BY step, timestamp, value, is_nan"""
_LAST = """
SELECT value, timestamp, step, is_nan FROM metrics WHERE run_uuid = ? AND key = ? {steps}
ORDER BY step DESC, timestamp DESC, value DESC, is_nan DESC LIMIT 1"""


def accessible(connection: TrackingConnection, workspace: str, run_ids: Sequence[str]) -> set[str]:
    """Those of `run_ids` that are runs of `workspace`."""
    return {row[0] for row in connection.rows(_ACCESSIBLE + marks(run_ids), [workspace, *run_ids])}


def history(
    connection: TrackingConnection, workspace: str, run_id: str, key: str, limit: int | None, offset: int
) -> tuple[list[Document], bool] | None:
    """Every value in the order of time, and whether there are more; None for an unknown run."""
    if not accessible(connection, workspace, [run_id]):
        return None
    most = 2**62 if limit is None else limit + 1
    rows = connection.rows(_HISTORY, (run_id, key, most, offset))
    more = limit is not None and len(rows) > limit
    return [_point(key, row) for row in rows[:limit]], more


def sampled_history(
    connection: TrackingConnection,
    workspace: str,
    run_ids: Sequence[str],
    key: str,
    limit: int,
    steps: tuple[int, int] | None,
) -> list[Document] | None:
    """At most `limit` evenly spread values of each run, always with the last; None when a run is unknown."""
    if accessible(connection, workspace, run_ids) != set(run_ids):
        return None
    found: list[Document] = []
    for run_id in run_ids:
        found += [_point(key, row) | {"run_id": run_id} for row in _sample(connection, run_id, key, limit, steps)]
    return found


def _sample(
    connection: TrackingConnection, run_id: str, key: str, limit: int, steps: tuple[int, int] | None
) -> list[Row]:
    clause = "AND step >= ? AND step <= ?" if steps else ""
    parameters: list[Any] = [run_id, key, *(steps or ())]
    rows = connection.rows(_SAMPLE.format(buckets=int(limit), steps=clause), parameters)
    last = connection.row(_LAST.format(steps=clause), parameters)
    if last is None or (rows and rows[-1] == last):
        return rows
    return [*rows[: limit - 1], last]


def _point(key: str, row: Row) -> Document:
    value, timestamp, step, is_nan = row
    return {"key": key, "value": number(value, is_nan), "timestamp": timestamp, "step": step}
