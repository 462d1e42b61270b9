"""Online endpoints, their deployments and the instances of these."""

from __future__ import annotations

from sqlalchemy import (
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
    text,
)

from modelyard.store.rows.columns import (
    METADATA,
    NAME_LENGTH,
    Json,
    Moment,
    audit_columns,
    id_column,
    label_columns,
    lease_columns,
    workspace_column,
)

_DUE = text("wake_at IS NOT NULL")

ENDPOINTS = Table(
    "yard_endpoints",
    METADATA,
    id_column(),
    workspace_column(),
    Column("name", String(NAME_LENGTH), nullable=False),
    Column("spec", Json, nullable=False),
    Column("auth_mode", String(32), nullable=False),
    Column("traffic", Json, nullable=False),
    Column("mirror_traffic", Json, nullable=False),
    Column("status", String(32), nullable=False),
    Column("state", Json, nullable=False),
    Column("error", Json),
    # Keys are shown again on request, so they are sealed as well as hashed.
    Column("sealed_keys", LargeBinary),
    Column("primary_key_hash", String(64)),
    Column("secondary_key_hash", String(64)),
    Column("spec_generation", Integer, nullable=False, default=1),
    Column("observed_generation", Integer, nullable=False, default=0),
    *label_columns(),
    *audit_columns(),
    *lease_columns(),
    UniqueConstraint("workspace", "name"),
    Index("ix_yard_endpoints_due", "wake_at", sqlite_where=_DUE, postgresql_where=_DUE),
    sqlite_autoincrement=True,
)

DEPLOYMENTS = Table(
    "yard_deployments",
    METADATA,
    id_column(),
    Column("workspace", String(NAME_LENGTH), nullable=False),
    Column("endpoint", String(NAME_LENGTH), nullable=False),
    Column("name", String(NAME_LENGTH), nullable=False),
    Column("spec", Json, nullable=False),
    Column("status", String(32), nullable=False),
    Column("state", Json, nullable=False),
    Column("error", Json),
    Column("spec_generation", Integer, nullable=False, default=1),
    Column("observed_generation", Integer, nullable=False, default=0),
    *label_columns(),
    *audit_columns(),
    *lease_columns(),
    ForeignKeyConstraint(
        ["workspace", "endpoint"], ["yard_endpoints.workspace", "yard_endpoints.name"], ondelete="CASCADE"
    ),
    UniqueConstraint("workspace", "endpoint", "name"),
    Index("ix_yard_deployments_due", "wake_at", sqlite_where=_DUE, postgresql_where=_DUE),
    sqlite_autoincrement=True,
)

INSTANCES = Table(
    "yard_instances",
    METADATA,
    id_column(),
    Column("workspace", String(NAME_LENGTH), nullable=False),
    Column("endpoint", String(NAME_LENGTH), nullable=False),
    Column("deployment", String(NAME_LENGTH), nullable=False),
    Column("name", String(NAME_LENGTH), nullable=False),
    Column("generation", Integer, nullable=False),
    Column("status", String(32), nullable=False),
    Column("handle", Json, nullable=False),
    Column("error", Json),
    Column("created_at", Moment, nullable=False),
    Column("modified_at", Moment, nullable=False),
    ForeignKeyConstraint(
        ["workspace", "endpoint", "deployment"],
        ["yard_deployments.workspace", "yard_deployments.endpoint", "yard_deployments.name"],
        ondelete="CASCADE",
    ),
    UniqueConstraint("workspace", "endpoint", "deployment", "name"),
    sqlite_autoincrement=True,
)
