"""The database: opens transactions, migrates, and tells listeners what was committed."""

from __future__ import annotations

import logging
from collections.abc import Callable

from modelyard.kit.clock import Clock, SystemClock
from modelyard.store.engines import make_engines
from modelyard.store.locks import FairLock
from modelyard.store.mlflow_schema.installation import install as install_mlflow_schema
from modelyard.store.schema import METADATA
from modelyard.store.secrets import SecretBox
from modelyard.store.transaction import Transaction

_log = logging.getLogger(__name__)
SYSTEM_ACTOR = "system"


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
        """Bring the schema up to date; waits while another process does so."""
        METADATA.create_all(self.engines.write)
        install_mlflow_schema(self.engines.write)

    def subscribe(self, listener: Callable[[], None]) -> None:
        """Call `listener` after each commit of this process that wrote events. It must be quick."""
        self._listeners.append(listener)

    def notify(self) -> None:
        for listener in self._listeners:
            try:
                listener()
            except Exception:
                _log.exception("a listener of the event stream failed")

    def dispose(self) -> None:
        self.engines.dispose()
