"""Housekeeping: once an hour, what is too old to keep is forgotten."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from modelyard.controllers.loop import ControllerLoop
from modelyard.services import housekeeping
from modelyard.services.housekeeping import Retention
from modelyard.store.database import Database

_EVERY_SECONDS = 3600.0
_BATCH = 2000


class Housekeeping:
    """A background loop. Several servers of one database may run it at once.

    `chores` are called each time: they look after what is not in the database, and may be called at any moment.
    """

    def __init__(
        self, database: Database, retention: Retention | None = None, chores: Sequence[Callable[[], object]] = ()
    ) -> None:
        self._database = database
        self._chores = chores
        self._retention = retention or Retention()
        self._loop = ControllerLoop("housekeeping", self.step, idle_seconds=_EVERY_SECONDS)

    def start(self) -> None:
        self._loop.start()

    def stop(self) -> bool:
        return self._loop.stop()

    def step(self) -> float | None:
        """Forget a batch; come back at once while there is more."""
        with self._database.transaction("housekeeping") as tx:
            forgotten = housekeeping.forget(tx, self._retention, limit=_BATCH)
        if forgotten >= _BATCH:
            return 0.05
        for chore in self._chores:
            chore()
        return None
