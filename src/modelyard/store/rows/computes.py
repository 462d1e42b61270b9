"""Computes: named targets of jobs."""

from __future__ import annotations

from sqlalchemy import Column, String, Table, UniqueConstraint

from modelyard.store.rows.columns import (
    METADATA,
    NAME_LENGTH,
    Json,
    audit_columns,
    id_column,
    label_columns,
    workspace_column,
)

COMPUTES = Table(
    "yard_computes",
    METADATA,
    id_column(),
    workspace_column(),
    Column("name", String(NAME_LENGTH), nullable=False),
    Column("kind", String(64), nullable=False),
    Column("spec", Json, nullable=False),
    *label_columns(),
    *audit_columns(),
    UniqueConstraint("workspace", "name"),
    sqlite_autoincrement=True,
)
