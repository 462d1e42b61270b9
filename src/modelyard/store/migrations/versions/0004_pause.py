"""Jobs that are asked to pause."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The default is for the rows there are and for a server of the last release beside this one.
    asked: sa.Column[bool] = sa.Column("pause_requested", sa.Boolean(), nullable=False, server_default=sa.false())
    op.add_column("yard_jobs", asked)
