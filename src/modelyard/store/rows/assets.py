"""Assets: a container row for each name, its immutable versions and its labels."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, String, Table, UniqueConstraint

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

ASSETS = Table(
    "yard_assets",
    METADATA,
    id_column(),
    workspace_column(),
    Column("kind", String(32), nullable=False),
    Column("name", String(NAME_LENGTH), nullable=False),
    # The next automatic version; its row lock is what makes numbers gapless.
    Column("next_number", BigInteger, nullable=False, default=1),
    Column("latest_version_id", BigInteger),
    flag("anonymous"),
    flag("archived"),
    *label_columns(),
    *audit_columns(),
    UniqueConstraint("workspace", "kind", "name"),
    Index(None, "workspace", "kind", "id"),
    sqlite_autoincrement=True,
)

ASSET_VERSIONS = Table(
    "yard_asset_versions",
    METADATA,
    id_column(),
    Column("asset_id", ForeignKey("yard_assets.id", ondelete="CASCADE"), nullable=False),
    Column("version", String(NAME_LENGTH), nullable=False),
    Column("spec", Json, nullable=False),
    Column("content_hash", String(128)),
    Column("job_name", String(NAME_LENGTH)),
    flag("archived"),
    *label_columns(),
    *audit_columns(),
    UniqueConstraint("asset_id", "version"),
    Index(None, "asset_id", "id"),
    Index(None, "content_hash"),
    sqlite_autoincrement=True,
)

ASSET_LABELS = Table(
    "yard_asset_labels",
    METADATA,
    Column("asset_id", ForeignKey("yard_assets.id", ondelete="CASCADE"), primary_key=True),
    Column("label", String(NAME_LENGTH), primary_key=True),
    Column("version_id", ForeignKey("yard_asset_versions.id", ondelete="CASCADE"), nullable=False),
    Index(None, "version_id"),
)
