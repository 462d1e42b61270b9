"""Lineage: directed edges from what was needed to what came of it."""

from __future__ import annotations

from sqlalchemy import Column, Index, String, Table, UniqueConstraint

from modelyard.store.rows.columns import METADATA, Moment, id_column, workspace_column

# kind, name and version joined by a colon, which no name holds.
NODE_LENGTH = 600

LINEAGE = Table(
    "yard_lineage",
    METADATA,
    id_column(),
    workspace_column(),
    Column("source", String(NODE_LENGTH), nullable=False),
    Column("target", String(NODE_LENGTH), nullable=False),
    Column("relation", String(32), nullable=False),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("workspace", "source", "target", "relation"),
    Index(None, "workspace", "target"),
    sqlite_autoincrement=True,
)
