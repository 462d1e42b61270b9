"""What a database driver says, told in our own words; nothing is half written, and nothing leaks."""

import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import text

from modelyard.domain.errors import InvalidInput, ModelyardError, StorageFull, Unavailable
from modelyard.store.database import Database
from modelyard.store.failures import translated

W = "default"


@pytest.mark.parametrize(
    "values",
    [
        {"spec": {"x": 2**70}},
        {"spec": {"x": "\ud800"}},
        {"display_name": "\ud800"},
        {"tags": {"x": object()}},
    ],
)
def test_what_cannot_be_stored_is_refused_and_the_database_goes_on(yard, values):
    with pytest.raises(InvalidInput, match="cannot be stored"), yard.transaction() as tx:
        tx.workspaces.create("odd", **values)
    with yard.transaction() as tx:
        assert tx.workspaces.find("odd") is None
        tx.workspaces.create("odd")


def test_a_number_that_no_column_holds_is_refused(yard, new_job):
    with pytest.raises(InvalidInput):
        new_job("one", priority=2**70)


@pytest.mark.postgres
def test_postgresql_refuses_a_nul(postgresql_url):
    database = Database(postgresql_url)
    with pytest.raises(InvalidInput), database.transaction() as tx:
        tx.workspaces.create("a", display_name="nul\x00")
    database.dispose()


@pytest.mark.postgres
def test_a_lost_connection_is_unavailable_and_the_next_one_works(postgresql_url):
    database = Database(postgresql_url)
    with pytest.raises(Unavailable), database.transaction() as tx:
        killed = tx.connection.execute(text("SELECT pg_backend_pid()")).scalar()
        with database.transaction() as other:
            other.connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": killed})
        tx.workspaces.create("lost")
    with database.transaction() as tx:
        assert tx.workspaces.find("lost") is None
    database.dispose()


@pytest.mark.postgres
def test_connections_that_died_while_idle_are_replaced_unseen(postgresql_url):
    """A restart of the database server between two requests is nobody's error."""
    database, other = Database(postgresql_url), Database(postgresql_url)
    for opened in (database.transaction(), database.snapshot()):
        with opened as tx:
            tx.workspaces.names()
    with other.transaction() as tx:
        tx.connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    with database.transaction() as tx:
        tx.workspaces.create(W)
    with database.snapshot() as tx:
        assert tx.workspaces.names() == [W]
    database.dispose()
    other.dispose()


def test_a_server_that_is_not_there_is_unavailable():
    database = Database("postgresql://nobody:hidden-word@127.0.0.1:1/none")
    with pytest.raises(Unavailable) as unavailable, database.transaction():
        pass
    assert "hidden-word" not in f"{unavailable.value}{unavailable.value.mend}"
    database.dispose()


def test_a_full_disk_is_said_and_nothing_is_half_written(sqlite_url):
    database = Database(sqlite_url)
    with database.transaction() as tx:
        tx.workspaces.create(W)
        pages = tx.connection.exec_driver_sql("PRAGMA page_count").scalar()
    with pytest.raises(StorageFull, match="full") as full, database.transaction() as tx:
        tx.connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}")
        tx.workspaces.create("first")
        tx.workspaces.create("big", description="x" * 1_000_000)
    assert "space" in full.value.mend
    with database.transaction() as tx:
        tx.connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
        assert tx.workspaces.names() == [W]
        tx.workspaces.create("after")
    database.dispose()


def test_another_process_that_writes_for_too_long_is_said(sqlite_url, monkeypatch):
    monkeypatch.setattr("modelyard.store.engines.SQLITE_BUSY_MILLISECONDS", 50)
    database = Database(sqlite_url)
    other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable, match="busy"), database.transaction():
        pass
    with database.snapshot() as tx:
        assert tx.workspaces.names() == [], "readers do not wait"
    other.execute("ROLLBACK")
    other.close()
    with database.transaction() as tx:
        tx.workspaces.create(W)
    database.dispose()


def test_a_turn_that_never_comes_is_said(sqlite_url):
    database = Database(sqlite_url, write_timeout_seconds=0.05)
    refused: list[BaseException] = []

    def write() -> None:
        try:
            with database.transaction():
                pass
        except Unavailable as error:
            refused.append(error)

    with database.transaction():
        thread = threading.Thread(target=write)
        thread.start()
        thread.join()
    assert len(refused) == 1
    with database.transaction() as tx:
        tx.workspaces.create(W)
    database.dispose()


@pytest.mark.parametrize("content", [b"this is no database at all, but long enough to look at" * 40, b""])
def test_a_file_that_is_no_database_is_said(tmp_path, content):
    path = tmp_path / "modelyard.db"
    path.write_bytes(content)
    database = Database(f"sqlite:///{path}")
    if content:
        with pytest.raises(Unavailable, match="cannot be used"):
            database.migrate()
    else:
        database.migrate()
    database.dispose()


@pytest.mark.parametrize("url", ["mysql://host/db", "not a url", "sqlite://", "sqlite:///:memory:", ""])
def test_a_url_that_cannot_serve_is_refused_with_the_forms_that_can(url):
    with pytest.raises(InvalidInput) as refused:
        Database(url)
    assert refused.value.field == "DATABASE_URL"
    assert "postgresql://" in refused.value.mend


def test_no_sql_and_no_value_reaches_an_error(yard):
    with pytest.raises(ModelyardError) as refused, yard.transaction() as tx:
        tx.workspaces.create(W, display_name="secret-value")
    assert "secret-value" not in str(refused.value)
    assert "INSERT" not in str(refused.value)
    with pytest.raises(Exception, match="hidden") as mistake, yard.transaction() as tx:
        tx.connection.execute(text("SELECT * FROM no_such_table WHERE x = :x"), {"x": "secret-value"})
    assert "secret-value" not in str(mistake.value)


def test_a_mistake_of_ours_is_not_dressed_up(yard):
    with pytest.raises(Exception, match="no_such_table") as mistake, yard.transaction() as tx:
        tx.connection.execute(text("SELECT * FROM no_such_table"))
    assert not isinstance(mistake.value, ModelyardError)
    assert translated(KeyError("x")) is None


def test_a_killed_process_leaves_the_last_commit(sqlite_url):
    """kill -9 in the middle of a transaction: what was committed is there, the rest never was."""
    script = f"""
import os, signal
from modelyard.store.database import Database
database = Database({sqlite_url!r})
with database.transaction() as tx:
    tx.workspaces.create("kept")
with database.transaction() as tx:
    tx.workspaces.create("lost")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    died = subprocess.run([sys.executable, "-c", script], check=False, cwd=Path(sys.executable).parent)
    assert died.returncode == -9
    database = Database(sqlite_url)
    with database.transaction() as tx:
        assert tx.workspaces.names() == ["kept"]
        assert [record.event.subject for record in tx.events.after(0)] == ["workspaces/kept"]
    database.dispose()
