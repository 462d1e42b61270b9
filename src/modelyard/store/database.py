"""The database: opens transactions, migrates, and tells listeners what was committed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from sqlalchemy import text

from modelyard.domain.errors import Unavailable
from modelyard.kit.clock import Clock, SystemClock
from modelyard.store import schema
from modelyard.store.engines import make_engines
from modelyard.store.locks import FairLock
from modelyard.store.mlflow_schema.installation import install as install_mlflow_schema
from modelyard.store.secrets import SecretBox
from modelyard.store.transaction import Transaction

_log = logging.getLogger(__name__)
SYSTEM_ACTOR = "system"
# Any number that no other user of the database takes for its advisory locks.
_MIGRATION_LOCK = 0x6D79_6D67


class Database:
    """One SQLite file or PostgreSQL database. Safe to share among threads; not among forked processes.

    `secrets` seals keys and credentials; without it, what needs it fails with Unavailable.
    """

    def __init__(
        self,
        url: str,
        *,
        secrets: SecretBox | None = None,
        clock: Clock | None = None,
        pool_size: int = 16,
        write_timeout_seconds: float = 30.0,
    ) -> None:
        self.engines = make_engines(url, pool_size=pool_size)
        self.clock = clock or SystemClock()
        self.secrets = secrets
        self.write_timeout_seconds = write_timeout_seconds
        # SQLite has one writer: threads of this process queue here in order, instead of failing as "locked".
        self.write_lock = FairLock() if self.engines.sqlite else None
        self._listeners: list[Callable[[], None]] = []

    @property
    def sqlite(self) -> bool:
        return self.engines.sqlite

    def transaction(self, actor: str = SYSTEM_ACTOR) -> Transaction:
        """A transaction that writes: commits on a clean exit, else rolls back. Keep it short; no I/O in it.

        On SQLite only one is open at a time in a process: never open one inside another.
        """
        return Transaction(self, actor=actor, read_only=False)

    def snapshot(self, actor: str = SYSTEM_ACTOR) -> Transaction:
        """A transaction that only reads, all of it from one moment. Never waits for a writer."""
        return Transaction(self, actor=actor, read_only=True)

    def migrate(self) -> None:
        """Bring the schema up to date; waits while another process does so.

        Unavailable, with the database as it was, when it was made by a newer release.
        """
        with self._migrating():
            with self.engines.write.begin() as connection:
                if schema.migrate(connection):
                    _log.info("the database has the schema %s now", schema.head_revision())
            install_mlflow_schema(self.engines.write)

    def current_revision(self) -> str | None:
        """The revision of the schema; None before the first `migrate()`."""
        with self.engines.read.begin() as connection:
            return schema.current_revision(connection)

    def subscribe(self, listener: Callable[[], None]) -> None:
        """Call `listener` after each commit of this process that wrote events. It must be quick."""
        self._listeners.append(listener)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """A writer's turn: at once on PostgreSQL, after those before on SQLite; Unavailable if it never comes.

        A transaction takes it by itself. It is public for what writes to the same file by connections of its own.
        """
        if self.write_lock is None:
            yield
            return
        if not self.write_lock.acquire(self.write_timeout_seconds):
            raise Unavailable("The database is busy with another writer.", mend="Try again in a moment.")
        try:
            yield
        finally:
            self.write_lock.release()

    def notify(self) -> None:
        for listener in self._listeners:
            try:
                listener()
            except Exception:
                _log.exception("a listener of the event stream failed")

    def dispose(self) -> None:
        self.engines.dispose()

    @contextmanager
    def _migrating(self) -> Iterator[None]:
        """Keeps the other threads, and on PostgreSQL the other servers of this database, from migrating as well."""
        with ExitStack() as stack:
            stack.enter_context(self.turn())
            if not self.sqlite:
                connection = stack.enter_context(self.engines.write.connect())
                connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _MIGRATION_LOCK})
                connection.commit()
                stack.callback(connection.execute, text("SELECT pg_advisory_unlock(:key)"), {"key": _MIGRATION_LOCK})
            yield
