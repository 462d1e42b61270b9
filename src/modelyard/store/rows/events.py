"""The stream of events. No foreign key: what happened stays told when its workspace is gone."""

from __future__ import annotations

from sqlalchemy import Column, Index, String, Table

from modelyard.store.rows.columns import METADATA, NAME_LENGTH, Json, Moment, id_column

EVENTS = Table(
    "yard_events",
    METADATA,
    id_column(),
    Column("type", String(NAME_LENGTH), nullable=False),
    Column("subject", String(1024), nullable=False),
    Column("workspace", String(NAME_LENGTH)),
    Column("actor", String(NAME_LENGTH), nullable=False),
    Column("time", Moment, nullable=False),
    Column("data", Json, nullable=False),
    Index(None, "workspace", "id"),
    Index(None, "time"),
    sqlite_autoincrement=True,
)
