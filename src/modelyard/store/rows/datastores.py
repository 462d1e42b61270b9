"""Datastores; credentials are encrypted."""

from __future__ import annotations

from sqlalchemy import Column, LargeBinary, String, Table, UniqueConstraint

from modelyard.store.rows.columns import (
    METADATA,
    NAME_LENGTH,
    Json,
    audit_columns,
    flag,
    id_column,
    label_columns,
    workspace_column,
)

DATASTORES = Table(
    "yard_datastores",
    METADATA,
    id_column(),
    workspace_column(),
    Column("name", String(NAME_LENGTH), nullable=False),
    Column("kind", String(64), nullable=False),
    Column("spec", Json, nullable=False),
    Column("sealed_credentials", LargeBinary),
    flag("is_default"),
    *label_columns(),
    *audit_columns(),
    UniqueConstraint("workspace", "name"),
    sqlite_autoincrement=True,
)
