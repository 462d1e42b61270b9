"""Engines: one that writes and one that only reads, for each kind of database."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import QueuePool

from modelyard.domain.errors import InvalidInput
from modelyard.store.failures import translate_failures

SQLITE_BUSY_MILLISECONDS = 30_000
_SQLITE_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=NORMAL",
    "foreign_keys=ON",
    "temp_store=MEMORY",
    "cache_size=-16000",
)


@dataclass(frozen=True)
class Engines:
    """`write` and `read` are the same pool on PostgreSQL and two pools on SQLite."""

    write: Engine
    read: Engine

    @property
    def sqlite(self) -> bool:
        return self.write.dialect.name == "sqlite"

    def dispose(self) -> None:
        self.write.dispose()
        self.read.dispose()


def make_engines(url: str, *, pool_size: int) -> Engines:
    """Engines for `sqlite:///path` or `postgresql://...`; anything else is InvalidInput."""
    parsed = _parse(url)
    if parsed.get_backend_name() == "sqlite":
        return Engines(_sqlite(parsed, 1, read_only=False), _sqlite(parsed, pool_size, read_only=True))
    engine = create_engine(
        parsed.set(drivername="postgresql+psycopg"),
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=30,
        pool_use_lifo=True,
        pool_pre_ping=True,
        hide_parameters=True,
        json_serializer=to_json,
        json_deserializer=orjson.loads,
    )
    translate_failures(engine)
    return Engines(engine, engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True))


def to_json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _parse(url: str) -> URL:
    mend = "Use sqlite:///path/to/file or postgresql://user:password@host/database."
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise InvalidInput("The database URL cannot be read.", field="DATABASE_URL", mend=mend) from error
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise InvalidInput(f"A {parsed.get_backend_name()} database is not supported.", field="DATABASE_URL", mend=mend)
    if parsed.get_backend_name() == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise InvalidInput("An SQLite database needs a file.", field="DATABASE_URL", mend=mend)
    return parsed


def _sqlite(url: URL, pool_size: int, *, read_only: bool) -> Engine:
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=30,
        pool_use_lifo=True,
        connect_args={"check_same_thread": False, "timeout": SQLITE_BUSY_MILLISECONDS / 1000, "cached_statements": 512},
        hide_parameters=True,
        json_serializer=to_json,
        json_deserializer=orjson.loads,
    )

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # transactions begin where we say, not where the driver guesses
        _use_write_ahead_log(connection)
        for pragma in (*_SQLITE_PRAGMAS, f"query_only={int(read_only)}"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    translate_failures(engine)
    return engine


def _use_write_ahead_log(connection: Any) -> None:
    """Switch the file to WAL. SQLite does not wait when several connections switch a new file at once: we do."""
    deadline = time.monotonic() + SQLITE_BUSY_MILLISECONDS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_BUSY" or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return
