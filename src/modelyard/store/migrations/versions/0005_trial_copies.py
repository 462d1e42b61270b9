"""Trials that went on from the checkpoint of another."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("yard_trials", sa.Column("copies", sa.JSON(none_as_null=True), nullable=True))
