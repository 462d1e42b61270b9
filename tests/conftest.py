"""Databases for every test that wants one: on SQLite and on PostgreSQL, fresh, migrated, in milliseconds."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from modelyard.store.database import Database
from modelyard.store.secrets import SecretBox

from .live_server import LiveServer
from .postgresql_server import PostgreSQLServer, ServerMissing
from .recycled_databases import RecycledDatabases

KINDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


@pytest.fixture(scope="session")
def postgresql_server() -> PostgreSQLServer:
    """The private PostgreSQL server of this run; skips, saying why, where there can be none."""
    try:
        return PostgreSQLServer.of_run()
    except ServerMissing as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("template") / "modelyard.db"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A fresh, migrated SQLite database."""
    path = tmp_path / "modelyard.db"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture(scope="session")
def postgresql_databases(postgresql_server: PostgreSQLServer) -> RecycledDatabases:
    return RecycledDatabases(postgresql_server, postgresql_server.template("yard_template", _migrate))


@pytest.fixture
def postgresql_url(postgresql_databases: RecycledDatabases) -> Iterator[str]:
    """A migrated PostgreSQL database without anybody's rows."""
    url = postgresql_databases.take()
    yield url
    postgresql_databases.give_back(url)


@pytest.fixture(params=KINDS)
def database_url(request: pytest.FixtureRequest) -> str:
    """A fresh, migrated database: the test runs once on SQLite and once on PostgreSQL."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(scope="module", params=KINDS)
def module_database_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A fresh, migrated database that the tests of a module share."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("database") / "modelyard.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    databases: RecycledDatabases = request.getfixturevalue("postgresql_databases")
    url = databases.take()
    yield url
    databases.give_back(url)


@pytest.fixture(params=KINDS)
def blank_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without a single table, on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/blank.db"
        return
    server: PostgreSQLServer = request.getfixturevalue("postgresql_server")
    url = server.new_database()
    yield url
    server.drop_database(url)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An open, migrated database that can keep secrets, on SQLite and on PostgreSQL."""
    opened = Database(database_url, secrets=SecretBox(Fernet.generate_key()))
    yield opened
    opened.dispose()


def _migrate(url: str) -> None:
    """Migrate, and leave no connection and no write-ahead log behind."""
    database = Database(url)
    database.migrate()
    if database.sqlite:
        with database.engines.write.connect() as connection:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.dispose()


@pytest.fixture(scope="module")
def live_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A whole server that the tests of a module share."""
    with LiveServer(tmp_path_factory.mktemp("yard")) as server:
        yield server
