"""The schema: which revision a database has, and bringing it up to ours."""

from __future__ import annotations

import pkgutil

from sqlalchemy import Connection, inspect, text

from modelyard.domain.errors import Unavailable
from modelyard.store.migrations import versions
from modelyard.store.rows import (
    assets,
    computes,
    datastores,
    endpoints,
    events,
    jobs,
    lineage,
    models,
    pipeline_nodes,
    schedules,
    subscriptions,
    tokens,
    trials,
    workspaces,
)
from modelyard.store.rows.columns import METADATA

# Imported so that METADATA knows every table.
TABLES = (
    assets,
    computes,
    datastores,
    endpoints,
    events,
    jobs,
    lineage,
    models,
    pipeline_nodes,
    schedules,
    subscriptions,
    tokens,
    trials,
    workspaces,
)
VERSION_TABLE = "yard_alembic_version"

__all__ = ["METADATA", "VERSION_TABLE", "current_revision", "head_revision", "migrate", "revisions"]


def revisions() -> list[str]:
    """The revisions that this release knows, oldest first: the numbers that migration files begin with."""
    return sorted(info.name.split("_")[0] for info in pkgutil.iter_modules(versions.__path__))


def head_revision() -> str:
    return revisions()[-1]


def current_revision(connection: Connection) -> str | None:
    """The revision of the database; None for one that was never migrated."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found: str | None = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()
    return found


def migrate(connection: Connection) -> bool:
    """Bring the schema to our revision, in the transaction of `connection`; False when it was there.

    Unavailable, and nothing changed, for a schema of a newer release.
    """
    current, head = current_revision(connection), head_revision()
    if current == head:
        return False
    if current is not None and current not in revisions():
        raise Unavailable(
            f"The database has the schema {current}, which is newer than this release's {head}.",
            mend="install the release that this database was last used with, or a newer one",
        )
    # lint: late-import: Alembic takes a third of a second to import, and most starts have nothing to migrate.
    from modelyard.store.upgrade import upgrade  # noqa: PLC0415

    upgrade(connection)
    return True
