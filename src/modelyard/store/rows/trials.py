"""Trials of sweeps: what was proposed, and what came of it."""

from __future__ import annotations

from sqlalchemy import Column, Float, Index, Integer, String, Table, Text, UniqueConstraint

from modelyard.store.rows.columns import METADATA, NAME_LENGTH, Json, Moment, flag, id_column, workspace_column

TRIALS = Table(
    "yard_trials",
    METADATA,
    id_column(),
    workspace_column(),
    Column("sweep_name", String(NAME_LENGTH), nullable=False),
    Column("number", Integer, nullable=False),
    Column("job_name", String(NAME_LENGTH), nullable=False),
    Column("run_id", String(64), nullable=False),
    Column("parameters", Json, nullable=False),
    Column("memento", Json, nullable=False),
    Column("phase", String(16), nullable=False),
    Column("objectives", Json),
    Column("curve", Json),
    Column("copies", Json),
    Column("reason", Text),
    flag("by_policy"),
    Column("cost", Float, nullable=False, default=0),
    Column("created_at", Moment, nullable=False),
    Column("ended_at", Moment),
    UniqueConstraint("workspace", "sweep_name", "number"),
    Index(None, "workspace", "job_name"),
    sqlite_autoincrement=True,
)
