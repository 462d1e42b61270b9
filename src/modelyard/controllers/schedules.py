"""The schedule controller: fires what is due, once, also with several servers on one database."""

from __future__ import annotations

import logging

from modelyard.controllers.loop import ControllerLoop
from modelyard.domain.errors import ModelyardError
from modelyard.services.schedules import Schedules
from modelyard.store.database import Database
from modelyard.store.repositories.schedules import ScheduleRecord

logger = logging.getLogger(__name__)


class ScheduleController:
    """Give it `start()`, call `wake()` after commits that change schedules, and `stop()`."""

    def __init__(self, database: Database, schedules: Schedules) -> None:
        self._database = database
        self._schedules = schedules
        self._loop = ControllerLoop("schedules", self._step)

    def start(self) -> None:
        self._loop.start()

    def wake(self) -> None:
        self._loop.wake()

    def stop(self) -> None:
        self._loop.stop()

    def step(self) -> None:
        """Fire everything that is due now: what the thread does each time, for tests without one."""
        with self._database.snapshot() as tx:
            due = tx.schedules.due(tx.now)
        for record in due:
            self._fire(record)

    def _step(self) -> float | None:
        self.step()
        with self._database.snapshot() as tx:
            moment = tx.schedules.next_due()
            return None if moment is None else max(0.01, (moment - tx.now).total_seconds())

    def _fire(self, record: ScheduleRecord) -> None:
        """Claim the moments and submit their jobs in one transaction: both are kept, or neither."""
        try:
            with self._database.transaction(actor=f"schedule:{record.name}") as tx:
                moments, following = self._schedules.due_moments(record, tx.now)
                if moments and tx.schedules.claim(record, following):
                    self._schedules.fire(tx, record, moments)
        except ModelyardError as error:
            if error.status >= 500:
                raise
            self._give_up(record, error)

    def _give_up(self, record: ScheduleRecord, error: ModelyardError) -> None:
        """What is refused now is refused once; the next time is tried again."""
        logger.warning("schedule %s: %s", record.name, error.message)
        with self._database.transaction(actor=f"schedule:{record.name}") as tx:
            moments, following = self._schedules.due_moments(record, tx.now)
            if moments and tx.schedules.claim(record, following):
                tx.schedules.fired(record, moments[-1], "failed", reason=str(error))
