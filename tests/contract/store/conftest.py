"""A database with one workspace and a clock that the test moves."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from cryptography.fernet import Fernet

from modelyard.domain.job_record import JobRecord
from modelyard.store.database import Database
from modelyard.store.repositories.jobs import NewJob
from modelyard.store.secrets import SecretBox
from modelyard.testing.manual_clock import ManualClock

WORKSPACE = "default"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def yard(database_url: str, clock: ManualClock) -> Iterator[Database]:
    """A database with the workspace `default`, on SQLite and on PostgreSQL."""
    database = Database(database_url, secrets=SecretBox(Fernet.generate_key()), clock=clock)
    with database.transaction() as tx:
        tx.workspaces.create(WORKSPACE)
    yield database
    database.dispose()


@pytest.fixture
def new_job(yard: Database) -> Callable[..., JobRecord]:
    """Writes a job; anything of `NewJob` may be said."""

    def make(name: str, **values: object) -> JobRecord:
        given = {"workspace": WORKSPACE, "name": name, "run_id": name, "kind": "command", "spec": {}, **values}
        with yard.transaction("ann") as tx:
            return tx.jobs.create(NewJob(**given))

    return make
