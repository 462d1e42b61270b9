"""Errors of the database drivers, told in the project's own words. SQL and parameters never reach the text."""

from __future__ import annotations

import sqlite3
import sys
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import StatementError, TimeoutError

from modelyard.domain.errors import Conflict, InvalidInput, ModelyardError, NotFound, StorageFull, Unavailable

_DISK_FULL_MEND = "Free some space on the disk of the database, then try again."
_RETRY_MEND = "Try again; if it stays so, look at the database server."


class Duplicate(Conflict):
    """A unique constraint: a row with this key is there already."""


class Dangling(NotFound):
    """A foreign key: the row that this one belongs to is not there (any more)."""


def translate_failures(engine: Engine) -> None:
    """Make every statement of `engine` fail with an error of the ModelyardError family where one fits."""
    event.listen(engine, "handle_error", _on_error, retval=True)


def translated(error: BaseException) -> ModelyardError | None:
    """The error to show for a driver's error, or None for what only a mistake of ours explains."""
    if isinstance(error, sqlite3.Error):
        return _of_sqlite(error)
    psycopg = sys.modules.get("psycopg")  # not imported by us: SQLite starts a tenth of a second sooner without it
    if psycopg is not None and isinstance(error, psycopg.Error):
        return _of_postgresql(error, psycopg)
    if isinstance(error, TimeoutError):
        return Unavailable("All connections to the database are in use.", mend=_RETRY_MEND)
    if isinstance(error, OverflowError | UnicodeEncodeError | TypeError | ValueError):
        return InvalidInput("A value cannot be stored: a number beyond 64 bits, or text that is not Unicode.")
    return None


def _on_error(context: ExceptionContext) -> ModelyardError | None:
    if context.is_pre_ping:  # the pool asks whether a connection lives, and needs the driver's own answer
        return None
    error = context.original_exception
    if isinstance(error, StatementError) and error.orig is not None:
        return translated(error.orig)
    return translated(error)


def _of_sqlite(error: sqlite3.Error) -> ModelyardError | None:
    name = getattr(error, "sqlite_errorname", "") or ""
    if name in ("SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"):
        return Duplicate("This exists already.")
    if name == "SQLITE_CONSTRAINT_FOREIGNKEY":
        return Dangling("What this belongs to does not exist.")
    if name == "SQLITE_FULL":
        return StorageFull("The disk of the database is full.", mend=_DISK_FULL_MEND)
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return Unavailable("The database is busy with another writer.", mend=_RETRY_MEND)
    if name.startswith(("SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return Unavailable(f"The database file cannot be used ({name}).", mend="Check the disk and its permissions.")
    if isinstance(error, sqlite3.DataError):
        return InvalidInput("A value cannot be stored: it is too large.")
    return None


def _of_postgresql(error: Any, psycopg: Any) -> ModelyardError | None:
    state = error.sqlstate or ""
    if state == "23505":
        return Duplicate("This exists already.")
    if state == "23503":
        return Dangling("What this belongs to does not exist.")
    if state == "53100":
        return StorageFull("The disk of the database is full.", mend=_DISK_FULL_MEND)
    if isinstance(error, psycopg.DataError) or state.startswith("22"):
        return InvalidInput("A value cannot be stored: it is too large or holds a character that is not allowed.")
    if state in ("40001", "40P01", "55P03"):
        return Unavailable("Another writer was in the way.", mend=_RETRY_MEND)
    if state.startswith(("08", "53", "57P")) or (not state and isinstance(error, psycopg.OperationalError)):
        return Unavailable("The database does not answer.", mend=_RETRY_MEND)
    return None
