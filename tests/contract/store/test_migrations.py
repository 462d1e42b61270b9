"""Migrations: a migrated database has exactly the tables that the rows declare."""

import threading

import pytest
from alembic.autogenerate import compare_metadata
from sqlalchemy import text

from modelyard.domain.errors import Unavailable
from modelyard.store import schema, upgrade
from modelyard.store.database import Database


@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based index")
def test_the_migrated_schema_is_the_declared_one(database: Database):
    with database.engines.write.begin() as connection:
        assert compare_metadata(upgrade.comparison(connection), schema.METADATA) == []


def test_migrating_is_idempotent_and_recorded(blank_database_url: str):
    database = Database(blank_database_url)
    assert database.current_revision() is None
    database.migrate()
    assert database.current_revision() == schema.head_revision()
    database.migrate()
    assert database.current_revision() == schema.head_revision()
    database.dispose()


def test_servers_that_start_together_migrate_once(blank_database_url: str):
    databases = [Database(blank_database_url) for _ in range(3)]
    errors: list[BaseException] = []

    def start(database: Database) -> None:
        try:
            database.migrate()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=start, args=(database,)) for database in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert databases[0].current_revision() == schema.head_revision()
    for database in databases:
        database.dispose()


def test_a_newer_schema_is_refused_and_left_alone(database: Database):
    with database.engines.write.begin() as connection:
        connection.execute(text(f"UPDATE {schema.VERSION_TABLE} SET version_num = '9999'"))
    with pytest.raises(Unavailable, match="newer than this release") as refused:
        database.migrate()
    assert "install the release" in (refused.value.mend or "")
    assert database.current_revision() == "9999"


def test_revisions_are_those_of_the_scripts():
    directory = upgrade.scripts()
    assert [script.revision for script in reversed(list(directory.walk_revisions()))] == schema.revisions()
