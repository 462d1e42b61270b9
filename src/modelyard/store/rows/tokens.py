"""Bearer tokens, by their SHA-256."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, String, Table, UniqueConstraint

from modelyard.store.rows.columns import METADATA, NAME_LENGTH, Moment, id_column

TOKENS = Table(
    "yard_tokens",
    METADATA,
    id_column(),
    Column("secret_hash", String(64), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("name", String(NAME_LENGTH), nullable=False),
    Column("actor", String(NAME_LENGTH), nullable=False),
    Column("role", String(64), nullable=False),
    Column("workspace", String(NAME_LENGTH), ForeignKey("yard_workspaces.name", ondelete="CASCADE")),
    Column("job_name", String(NAME_LENGTH)),
    Column("hint", String(32), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment),
    Column("revoked_at", Moment),
    UniqueConstraint("secret_hash"),
    Index(None, "workspace", "job_name"),
    sqlite_autoincrement=True,
)
