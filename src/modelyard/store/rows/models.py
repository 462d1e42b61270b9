"""What MLflow's model tables have no column for, beside them: joined by workspace, name and number.

There are no foreign keys to MLflow's tables: those have migrations of their own.
"""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, String, Table, UniqueConstraint

from modelyard.store.rows.columns import (
    METADATA,
    NAME_LENGTH,
    Json,
    audit_columns,
    flag,
    id_column,
    workspace_column,
)

MODELS = Table(
    "yard_models",
    METADATA,
    id_column(),
    workspace_column(),
    Column("name", String(NAME_LENGTH), nullable=False),
    Column("properties", Json, nullable=False, default=dict),
    flag("archived"),
    *audit_columns(),
    UniqueConstraint("workspace", "name"),
    sqlite_autoincrement=True,
)

MODEL_VERSIONS = Table(
    "yard_model_versions",
    METADATA,
    id_column(),
    workspace_column(),
    Column("name", String(NAME_LENGTH), nullable=False),
    # MLflow's version, and the one that we show: a text may stand for a number.
    Column("number", Integer, nullable=False),
    Column("version", String(NAME_LENGTH), nullable=False),
    Column("spec", Json, nullable=False),
    Column("content_hash", String(128)),
    Column("job_name", String(NAME_LENGTH)),
    Column("properties", Json, nullable=False, default=dict),
    flag("archived"),
    *audit_columns(),
    UniqueConstraint("workspace", "name", "number"),
    UniqueConstraint("workspace", "name", "version"),
    Index(None, "workspace", "job_name"),
    sqlite_autoincrement=True,
)
