"""Schedules, and each of their firings."""

from __future__ import annotations

from sqlalchemy import Column, Index, String, Table, Text, UniqueConstraint, text

from modelyard.store.rows.columns import (
    METADATA,
    NAME_LENGTH,
    Json,
    Moment,
    audit_columns,
    flag,
    id_column,
    label_columns,
    workspace_column,
)

_DUE = text("next_at IS NOT NULL")

SCHEDULES = Table(
    "yard_schedules",
    METADATA,
    id_column(),
    workspace_column(),
    Column("name", String(NAME_LENGTH), nullable=False),
    Column("spec", Json, nullable=False),
    flag("enabled"),
    Column("next_at", Moment),
    Column("last_at", Moment),
    *label_columns(),
    *audit_columns(),
    UniqueConstraint("workspace", "name"),
    Index("ix_yard_schedules_due", "next_at", sqlite_where=_DUE, postgresql_where=_DUE),
    sqlite_autoincrement=True,
)

FIRINGS = Table(
    "yard_firings",
    METADATA,
    id_column(),
    workspace_column(),
    Column("schedule_name", String(NAME_LENGTH), nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("fired_at", Moment, nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("job_name", String(NAME_LENGTH)),
    Column("reason", Text),
    Index(None, "workspace", "schedule_name", "id"),
    sqlite_autoincrement=True,
)
