"""Jobs: the queue and the truth."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, String, Table, UniqueConstraint, text

from modelyard.store.rows.columns import (
    METADATA,
    NAME_LENGTH,
    Json,
    Moment,
    audit_columns,
    flag,
    id_column,
    label_columns,
    lease_columns,
    workspace_column,
)

_DUE = text("wake_at IS NOT NULL")

JOBS = Table(
    "yard_jobs",
    METADATA,
    id_column(),
    workspace_column(),
    Column("name", String(NAME_LENGTH), nullable=False),
    Column("run_id", String(64), nullable=False),
    Column("kind", String(64), nullable=False),
    Column("parent_name", String(NAME_LENGTH)),
    Column("experiment_name", String(NAME_LENGTH), nullable=False),
    Column("display_name", String(NAME_LENGTH), nullable=False),
    Column("compute", String(NAME_LENGTH), nullable=False),
    Column("priority", Integer, nullable=False, default=0),
    Column("status", String(32), nullable=False),
    Column("spec", Json, nullable=False),
    Column("state", Json, nullable=False),
    Column("error", Json),
    Column("attempt", Integer, nullable=False, default=0),
    flag("cancel_requested"),
    flag("pause_requested"),
    Column("started_at", Moment),
    Column("ended_at", Moment),
    flag("archived"),
    *label_columns(),
    *audit_columns(),
    *lease_columns(),
    UniqueConstraint("workspace", "name"),
    UniqueConstraint("run_id"),
    Index("ix_yard_jobs_due", "wake_at", sqlite_where=_DUE, postgresql_where=_DUE),
    Index(None, "workspace", "id"),
    Index(None, "workspace", "parent_name", "id"),
    Index(None, "workspace", "status", "id"),
    Index(None, "workspace", "experiment_name", "id"),
    Index("ix_yard_jobs_queue", "status", text("priority DESC"), "id"),
    sqlite_autoincrement=True,
)
