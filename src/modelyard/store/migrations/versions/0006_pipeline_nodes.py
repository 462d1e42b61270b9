"""Nodes of pipelines."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "yard_pipeline_nodes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("workspace", sa.String(length=255), nullable=False),
        sa.Column("pipeline_name", sa.String(length=255), nullable=False),
        sa.Column("instance", sa.String(length=255), nullable=False),
        sa.Column("phase", sa.String(length=16), nullable=False),
        sa.Column("job_name", sa.String(length=255), nullable=True),
        sa.Column("fingerprint", sa.String(length=64), nullable=True),
        sa.Column("identity", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("outputs", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("reused_from", sa.String(length=255), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace"], ["yard_workspaces.name"], name=op.f("fk_yard_pipeline_nodes_workspace"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_yard_pipeline_nodes")),
        sa.UniqueConstraint(
            "workspace",
            "pipeline_name",
            "instance",
            name=op.f("uq_yard_pipeline_nodes_workspace_pipeline_name_instance"),
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_yard_pipeline_nodes_workspace_fingerprint"), "yard_pipeline_nodes", ["workspace", "fingerprint"]
    )
    op.create_index(
        op.f("ix_yard_pipeline_nodes_workspace_instance_id"), "yard_pipeline_nodes", ["workspace", "instance", "id"]
    )
