"""Our copy of MLflow's tables is what its own migrations make."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, Engine, create_engine, inspect, make_url, text

from modelyard.store.engines import make_engines
from modelyard.store.mlflow_schema import installation
from modelyard.store.rows.mlflow_tables import mlflow_metadata


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def two_urls(request: pytest.FixtureRequest, tmp_path: Path) -> list[str]:
    if request.param == "sqlite":
        return [f"sqlite:///{tmp_path}/{name}.db" for name in ("ours", "theirs")]
    server = request.getfixturevalue("postgresql_server")
    return [server.new_database(), server.new_database()]


def test_the_copy_equals_what_migrations_make(two_urls: list[str]) -> None:
    from mlflow.store.db.utils import _initialize_tables

    ours = make_engines(two_urls[0], pool_size=1)
    installation.install(ours.write)
    theirs = create_engine(make_url(two_urls[1]).set(drivername=ours.write.url.drivername))
    _initialize_tables(theirs)
    try:
        assert described(ours.write) == described(theirs)
        for table in ("alembic_version", "workspaces"):
            assert rows(ours.write, table) == rows(theirs, table)
        assert installation.installed_head() == installation.REVISION == rows(theirs, "alembic_version")[0][0]
    finally:
        ours.dispose()
        theirs.dispose()


def test_installing_twice_changes_nothing(blank_database_url: str) -> None:
    engines = make_engines(blank_database_url, pool_size=1)
    installation.install(engines.write)
    before = rows(engines.write, "experiments")
    installation.install(engines.write)
    assert rows(engines.write, "experiments") == before
    assert [(row[0], row[1]) for row in before] == [(0, "Default")]
    engines.dispose()


@pytest.mark.slow
def test_an_older_database_is_migrated_by_mlflow(tmp_path: Path) -> None:
    engines = make_engines(f"sqlite:///{tmp_path}/older.db", pool_size=2)
    _make_older(engines.write.url)
    installation.install(engines.write)
    assert rows(engines.write, "alembic_version") == [(installation.REVISION,)]
    engines.dispose()


def _make_older(url: URL) -> None:
    from alembic import command
    from mlflow.store.db.utils import _get_alembic_config
    from mlflow.store.tracking.dbmodels.initial_models import Base

    engine = create_engine(url)
    Base.metadata.create_all(engine)
    config = _get_alembic_config(url.render_as_string(hide_password=False))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "acf3f17fdcc7")
    engine.dispose()


def test_our_tables_are_mlflows(blank_database_url: str) -> None:
    engines = make_engines(blank_database_url, pool_size=1)
    installation.install(engines.write)
    found, sqlite = described(engines.write), engines.sqlite
    for table in mlflow_metadata.tables.values():
        real = found[table.name]
        types = {column["name"]: column["type"] for column in real["columns"]}
        ours = {column.name: column.type.compile(engines.write.dialect) for column in table.columns}
        ours = {name: "DOUBLE PRECISION" if kind == "FLOAT" and not sqlite else kind for name, kind in ours.items()}
        assert ours == types, table.name
        assert {column.name for column in table.primary_key} == set(real["key"]), table.name
        required = {column["name"] for column in real["columns"] if not column["nullable"]}
        assert {column.name for column in table.columns if not column.nullable} == required, table.name
    engines.dispose()


def described(engine: Engine) -> dict[str, Any]:
    """Every table of MLflow's, as the database itself sees it."""
    look = inspect(engine)
    return {
        name: {
            "columns": [
                {
                    "name": column["name"],
                    "type": column["type"].compile(engine.dialect),
                    "nullable": column["nullable"],
                    "default": column["default"],
                }
                for column in sorted(look.get_columns(name), key=lambda column: str(column["name"]))
            ],
            "key": look.get_pk_constraint(name)["constrained_columns"],
            "unique": sorted(str(item["column_names"]) for item in look.get_unique_constraints(name)),
            "foreign": sorted(
                str((item["constrained_columns"], item["referred_table"], item["referred_columns"], item["options"]))
                for item in look.get_foreign_keys(name)
            ),
            "indexes": sorted(str((item["name"], item["column_names"])) for item in look.get_indexes(name)),
        }
        for name in look.get_table_names()
    }


def rows(engine: Engine, table: str) -> list[Any]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(f"SELECT * FROM {table}"))]
