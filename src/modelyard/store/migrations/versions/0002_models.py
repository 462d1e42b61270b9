"""What MLflow's model tables have no column for."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "yard_models",
        *_first_columns("yard_models"),
        sa.Column("properties", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("archived", sa.Boolean(), nullable=False),
        *_audit_columns(),
        sa.UniqueConstraint("workspace", "name", name=op.f("uq_yard_models_workspace_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "yard_model_versions",
        *_first_columns("yard_model_versions"),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(length=255), nullable=False),
        sa.Column("spec", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("content_hash", sa.String(length=128), nullable=True),
        sa.Column("job_name", sa.String(length=255), nullable=True),
        sa.Column("properties", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("archived", sa.Boolean(), nullable=False),
        *_audit_columns(),
        sa.UniqueConstraint("workspace", "name", "number", name=op.f("uq_yard_model_versions_workspace_name_number")),
        sa.UniqueConstraint("workspace", "name", "version", name=op.f("uq_yard_model_versions_workspace_name_version")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_yard_model_versions_workspace_job_name"), "yard_model_versions", ["workspace", "job_name"])


def _first_columns(table: str) -> list[Any]:
    return [
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("workspace", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.ForeignKeyConstraint(
            ["workspace"], ["yard_workspaces.name"], name=op.f(f"fk_{table}_workspace"), ondelete="CASCADE"
        ),
    ]


def _audit_columns() -> list[Any]:
    return [
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("modified_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(length=255), nullable=False),
    ]
