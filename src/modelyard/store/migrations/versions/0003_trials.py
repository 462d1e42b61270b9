"""Trials of sweeps."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "yard_trials",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("workspace", sa.String(length=255), nullable=False),
        sa.Column("sweep_name", sa.String(length=255), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("job_name", sa.String(length=255), nullable=False),
        sa.Column("run_id", sa.String(length=64), nullable=False),
        sa.Column("parameters", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("memento", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("phase", sa.String(length=16), nullable=False),
        sa.Column("objectives", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("curve", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("by_policy", sa.Boolean(), nullable=False),
        sa.Column("cost", sa.Float(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace"], ["yard_workspaces.name"], name=op.f("fk_yard_trials_workspace"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_yard_trials")),
        sa.UniqueConstraint(
            "workspace", "sweep_name", "number", name=op.f("uq_yard_trials_workspace_sweep_name_number")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_yard_trials_workspace_job_name"), "yard_trials", ["workspace", "job_name"], unique=False)
