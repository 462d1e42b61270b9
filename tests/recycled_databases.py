"""PostgreSQL databases that are cleaned and used again: copying a template takes far longer than that."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import psycopg

from .postgresql_server import PostgreSQLServer

T = TypeVar("T")

# One row per table of the public schema that has rows, with a digest of them.
_CONTENTS = """
SELECT relname, (xpath('/row/d/text()', query_to_xml(format(
    'SELECT md5(string_agg(t::text, '','' ORDER BY t::text)) AS d FROM %I t', relname), false, true, '')))[1]::text
FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
AND (xpath('/row/n/text()', query_to_xml(format(
    'SELECT count(*) AS n FROM (SELECT 1 FROM %I LIMIT 1) s', relname), false, true, '')))[1]::text <> '0'
"""
_OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> "
    "pg_backend_pid() AND backend_type = 'client backend'"
)
_USED_SEQUENCES = "SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL"


class RecycledDatabases:
    """Migrated databases of one worker. What a test left in one is deleted before the next test gets it."""

    def __init__(self, server: PostgreSQLServer, template: str) -> None:
        self._server = server
        self._template = template
        self._free: list[str] = []
        self._seed: dict[str, str] | None = None

    def take(self) -> str:
        if self._free:
            return self._free.pop()
        url = self._server.new_database(self._template)
        if self._seed is None:
            self._seed = _in(url, _contents)
        return url

    def give_back(self, url: str) -> None:
        """Clean the database; one whose seed rows a test changed is dropped instead."""
        if _in(url, self._clean):
            self._free.append(url)
        else:
            self._server.drop_database(url)

    def _clean(self, connection: psycopg.Connection) -> bool:
        connection.execute(_OTHERS)
        left = _contents(connection)
        seed = self._seed or {}
        if any(left.get(table) != digest for table, digest in seed.items()):
            return False
        statements = ["SET session_replication_role = replica"]
        statements += [f'DELETE FROM "{table}"' for table in left if table not in seed]
        used = [row[0] for row in connection.execute(_USED_SEQUENCES).fetchall()]
        statements += [f'ALTER SEQUENCE "{name}" RESTART' for name in used]
        connection.execute("; ".join(statements).encode())
        return True


def _contents(connection: psycopg.Connection) -> dict[str, str]:
    return dict(connection.execute(_CONTENTS).fetchall())


def _in(url: str, call: Callable[[psycopg.Connection], T]) -> T:
    with psycopg.connect(url, autocommit=True) as connection:
        return call(connection)
