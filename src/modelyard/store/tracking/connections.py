"""Plain DBAPI connections for the hot paths, one class per database.

The SQL of this package is written once, with `?` for parameters, in the dialect that SQLite and PostgreSQL share.
A connection is used by one thread at a time.
"""

from __future__ import annotations

import re
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, make_url

from modelyard.domain.errors import StorageFull, Unavailable
from modelyard.domain.extras import LazyModule

if TYPE_CHECKING:
    import psycopg
else:
    # SQLite alone does without it, and starts sooner.
    psycopg = LazyModule("psycopg", extra="server", what="PostgreSQL")

Row = tuple[Any, ...]
_BUSY_SECONDS = 20


class Busy(Exception):
    """Another writer holds the database."""


class TrackingConnection(ABC):
    """Runs statements; outside `begin`/`commit` each one is its own transaction."""

    # Whether a statement is so quick that the event loop may wait for it.
    inline: bool
    # Whether `WITH x AS (INSERT ...) SELECT ...` is understood: one trip to the server instead of three.
    writes_in_queries: bool

    @abstractmethod
    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """Every row of a query."""

    @abstractmethod
    def run(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Execute a statement; how many rows it touched."""

    @abstractmethod
    def run_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """Execute a statement for each row of parameters."""

    @abstractmethod
    def begin(self, *, wait: bool = True, one_statement: bool = False) -> None:
        """Start a write. Raises Busy at once when `wait` is false and another connection is writing.

        `one_statement`: where `writes_in_queries`, a single one will follow, which is a transaction by itself.
        """

    @abstractmethod
    def commit(self) -> None:
        """Make the write durable."""

    @abstractmethod
    def rollback(self) -> None:
        """Forget the write; harmless when there is none."""

    @abstractmethod
    def close(self) -> None:
        """Give the connection back."""

    def row(self, sql: str, parameters: Sequence[Any] = ()) -> Row | None:
        """The first row of a query, if any."""
        found = self.rows(sql, parameters)
        return found[0] if found else None


def connect(url: str | URL) -> TrackingConnection:
    """A connection to the database of a SQLAlchemy URL."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return SqliteTracking(str(parsed.database))
    return PostgresTracking(parsed.set(drivername="postgresql").render_as_string(hide_password=False))


def is_refused_value(error: Exception) -> bool:
    """Whether the database refused a value that a call gave: too long, out of range, not text."""
    return isinstance(error, psycopg.DataError)


def as_known_error(error: Exception) -> Exception:
    """What went wrong in the database as an error of the family; a defect stays what it is."""
    full = isinstance(error, psycopg.errors.DiskFull)
    if isinstance(error, sqlite3.OperationalError):
        full = error.sqlite_errorcode == sqlite3.SQLITE_FULL
    if full:
        return StorageFull("No room left in the database.", mend="free space on the server and try again")
    if isinstance(error, sqlite3.OperationalError | psycopg.OperationalError | Busy):
        return Unavailable("The database did not take the write.", mend="try again in a moment")
    return error


class SqliteTracking(TrackingConnection):
    inline = True
    writes_in_queries = False

    def __init__(self, path: str) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=512)
        self._timeout = -1
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON", "case_sensitive_like = ON"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.create_function("regexp", 2, _matches, deterministic=True)
        self._set_timeout(_BUSY_SECONDS)

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        return self._connection.execute(sql, parameters).fetchall()

    def run(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        return self._connection.execute(sql, parameters).rowcount

    def run_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        self._connection.executemany(sql, rows)

    def begin(self, *, wait: bool = True, one_statement: bool = False) -> None:
        self._set_timeout(_BUSY_SECONDS if wait else 0)
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise Busy from error
            raise

    def commit(self) -> None:
        self._connection.execute("COMMIT")

    def rollback(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def close(self) -> None:
        self._connection.close()

    def _set_timeout(self, seconds: int) -> None:
        if self._timeout != seconds:
            self._connection.execute(f"PRAGMA busy_timeout = {seconds * 1000}")
            self._timeout = seconds


class PostgresTracking(TrackingConnection):
    """Reconnects when the server went away between two transactions."""

    inline = False
    writes_in_queries = True

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._connection = self._connect()

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        return self._execute(sql, parameters).fetchall()

    def run(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        return self._execute(sql, parameters).rowcount

    def run_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        with self._connection.cursor() as cursor:
            cursor.executemany(_with_percent(sql), rows)

    def begin(self, *, wait: bool = True, one_statement: bool = False) -> None:
        if not one_statement:
            self._execute("BEGIN", ())

    def commit(self) -> None:
        if self._connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
            self._connection.execute("COMMIT")

    def rollback(self) -> None:
        if not self._connection.closed:
            self._connection.rollback()

    def close(self) -> None:
        self._connection.close()

    def _connect(self) -> psycopg.Connection[Row]:
        return psycopg.connect(self._conninfo, autocommit=True, prepare_threshold=1, application_name="modelyard")

    def _execute(self, sql: str, parameters: Sequence[Any]) -> psycopg.Cursor[Row]:
        statement = _with_percent(sql)
        idle = self._connection.closed or self._connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
        try:
            return self._connection.execute(statement, parameters)
        except psycopg.OperationalError:
            if not idle or not self._connection.closed:
                raise
            self._connection = self._connect()
            return self._connection.execute(statement, parameters)


@cache
def _with_percent(sql: str) -> bytes:
    return sql.replace("%", "%%").replace("?", "%s").encode()


def _matches(pattern: str | None, text: str | None) -> bool:
    """MLflow's REGEXP for SQLite."""
    if pattern is None or text is None:
        return False
    try:
        return re.search(pattern, text) is not None
    except re.error:
        return False
