"""Alembic, without its command line and environment file."""

from __future__ import annotations

from typing import Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Column, Connection

from modelyard.store.rows.columns import METADATA, Moment, Tags
from modelyard.store.schema import VERSION_TABLE

_OURS = "yard_"


def scripts() -> ScriptDirectory:
    """The migrations of this package."""
    config = Config()
    config.set_main_option("script_location", "modelyard.store:migrations")
    config.set_main_option("path_separator", "os")
    return ScriptDirectory.from_config(config)


def upgrade(connection: Connection) -> None:
    """Run every migration that the database lacks, in the transaction of `connection`."""
    directory = scripts()

    def steps(revision: Any, _context: Any) -> Any:
        return directory._upgrade_revs("head", revision)

    with EnvironmentContext(Config(), directory, fn=steps) as environment:
        environment.configure(connection=connection, target_metadata=METADATA, version_table=VERSION_TABLE)
        environment.run_migrations()


def comparison(connection: Connection) -> MigrationContext:
    """A context that compares the tables of ours in a database with those in `store/rows`."""
    options: dict[str, Any] = {
        "version_table": VERSION_TABLE,
        "target_metadata": METADATA,
        "compare_type": True,
        "include_name": _is_ours,
        "include_object": _comparable,
    }
    return MigrationContext.configure(connection, opts=options)


def _is_ours(name: str | None, kind: str, _parents: Any) -> bool:
    return kind != "table" or (name is not None and name.startswith(_OURS) and name != VERSION_TABLE)


def _comparable(_object: Any, name: str | None, kind: str, _reflected: bool, _other: Any) -> bool:
    """SQLite cannot tell the expressions of an index: such indexes are left out, on both sides."""
    expressions = {
        index.name
        for table in METADATA.tables.values()
        for index in table.indexes
        if not all(isinstance(part, Column) for part in index.expressions)
    }
    return kind != "index" or name not in expressions


def render_type(kind: str, item: Any, _context: Any) -> str | bool:
    """Our column types by what they are in the database, so that a migration does not hang on our code."""
    if kind != "type":
        return False
    if isinstance(item, Moment):
        return "sa.BigInteger()"
    if item is Tags:
        return "sa.JSON().with_variant(postgresql.JSONB(), 'postgresql')"
    return False
