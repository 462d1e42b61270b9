"""Subscriptions to events, and what is or was delivered."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, String, Table, Text, UniqueConstraint

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

SUBSCRIPTIONS = Table(
    "yard_subscriptions",
    METADATA,
    id_column(),
    workspace_column(),
    Column("name", String(NAME_LENGTH), nullable=False),
    Column("spec", Json, nullable=False),
    Column("sealed_secret", LargeBinary),
    flag("enabled"),
    Column("cursor", BigInteger, nullable=False),
    *label_columns(),
    *audit_columns(),
    UniqueConstraint("workspace", "name"),
    sqlite_autoincrement=True,
)

DELIVERIES = Table(
    "yard_deliveries",
    METADATA,
    id_column(),
    Column("subscription_id", BigInteger, nullable=False),
    Column("event_id", BigInteger, nullable=False),
    Column("subject", String(1024), nullable=False),
    Column("event", Json, nullable=False),
    Column("phase", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", Moment),
    Column("claim", String(64)),
    Column("claimed_until", Moment),
    Column("code", Integer),
    Column("reason", Text),
    Column("created_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Index(None, "subscription_id", "phase", "id"),
    Index(None, "phase", "next_at"),
    sqlite_autoincrement=True,
)
