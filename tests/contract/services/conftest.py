"""A database with the default workspace, made by the service."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from modelyard.services import workspaces
from modelyard.store.database import Database
from modelyard.store.transaction import Transaction


@pytest.fixture
def tx(database: Database) -> Iterator[Transaction]:
    """An open transaction, on SQLite and on PostgreSQL, in which the workspace `default` was just made."""
    with database.transaction("ann") as opened:
        workspaces.ensure_default(opened)
        yield opened
