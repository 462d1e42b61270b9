"""Workspaces: the boundary of names."""

from __future__ import annotations

from sqlalchemy import Column, String, Table, UniqueConstraint

from modelyard.store.rows.columns import METADATA, NAME_LENGTH, Json, audit_columns, id_column, label_columns

WORKSPACES = Table(
    "yard_workspaces",
    METADATA,
    id_column(),
    Column("name", String(NAME_LENGTH), nullable=False),
    Column("display_name", String(NAME_LENGTH)),
    Column("subscription_id", String(NAME_LENGTH)),
    Column("resource_group", String(NAME_LENGTH)),
    Column("location", String(NAME_LENGTH)),
    Column("spec", Json, nullable=False),
    *label_columns(),
    *audit_columns(),
    UniqueConstraint("name"),
    sqlite_autoincrement=True,
)
