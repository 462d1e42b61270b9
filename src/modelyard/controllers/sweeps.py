"""The sweep controller: leases sweeps, follows their trials, asks the kind what to do, and does it.

What costs time, learning from results and proposing parameters, is done between the transactions, under the sweep's
lease; rows are written in one transaction that the lease guards. A sweep's memory that was not committed is thrown
away and read again from the rows.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from modelyard.controllers.loop import ControllerLoop
from modelyard.domain.errors import ModelyardError
from modelyard.domain.job_record import JobRecord, JobUpdate
from modelyard.kit.deferred import deferred
from modelyard.services.job_outputs import JobOutputs
from modelyard.store.database import Database

if TYPE_CHECKING:
    from modelyard.controllers import sweep_memory, sweep_steps
else:  # the samplers' libraries wait until there is a sweep
    sweep_memory = deferred("modelyard.controllers.sweep_memory")
    sweep_steps = deferred("modelyard.controllers.sweep_steps")

logger = logging.getLogger(__name__)

KINDS = ("sweep",)
LEASE_SECONDS = 60.0
RETRY_SECONDS = 5.0
BATCH = 8


class SweepController:
    """Give it `start()`, call `wake()` after commits that concern sweeps or their trials, and `stop()`."""

    def __init__(self, database: Database, host: str, outputs: JobOutputs, wake_jobs: Callable[[], None]) -> None:
        self._database = database
        self._owner = f"sweeps@{host}"
        self._outputs = outputs
        self._wake_jobs = wake_jobs
        self._loop = ControllerLoop("sweeps", self._step)
        self._memories: dict[int, sweep_memory.SweepMemory] = {}

    def start(self) -> None:
        """Take back what a former life of this server left, then begin."""
        with self._database.transaction(actor="server") as tx:
            tx.jobs.release(self._owner)
        self._loop.start()

    def wake(self) -> None:
        self._loop.wake()

    def stop(self) -> None:
        """Finish the step at hand. Trials go on."""
        self._loop.stop()

    def step(self) -> None:
        """Decide about every sweep that needs it now: what the thread does each time, for tests without one."""
        while leased := self._lease():
            for record in leased:
                self._handle(record)

    def _step(self) -> float | None:
        self.step()
        with self._database.snapshot() as tx:
            due = tx.jobs.next_due(KINDS)
            return None if due is None else max(0.01, (due - tx.now).total_seconds())

    def _lease(self) -> list[JobRecord]:
        with self._database.snapshot() as tx:
            due = tx.jobs.next_due(KINDS)
            if due is None or due > tx.now:
                return []
        with self._database.transaction(actor="server") as tx:
            return list(tx.jobs.lease_due(self._owner, tx.now, BATCH, LEASE_SECONDS, KINDS))

    def _handle(self, record: JobRecord) -> None:
        memory = self._memories.pop(record.id, None)
        try:
            if memory is None or memory.spec != record.spec:
                with self._database.snapshot() as tx:
                    memory = sweep_steps.load(tx, record)
            applied, ended = sweep_steps.advance(self._database, record, memory, self._outputs, self._wake_jobs)
        except ModelyardError as error:
            self._fail(record, error)
            return
        except Exception:
            # One sweep must not hold up the others; its lease is given up and it is tried again from the rows.
            logger.exception("sweep %s could not be handled", record.name)
            self._give_up(record)
            return
        if applied and not ended:
            self._memories[record.id] = memory

    def _fail(self, record: JobRecord, error: ModelyardError) -> None:
        """What the platform refuses would be refused again: the next decision ends the sweep with that reason."""
        if error.status >= 500:
            logger.warning("sweep %s: %s", record.name, error.message)
            self._give_up(record)
            return
        failure = {"type": type(error).__name__, "message": error.message, "where": error.field, "hint": error.mend}
        with self._database.transaction(actor="server") as tx:
            tx.jobs.apply(record, JobUpdate(state={**record.state, "failure": failure}, wake_at=tx.now))

    def _give_up(self, record: JobRecord) -> None:
        with self._database.transaction(actor="server") as tx:
            tx.jobs.postpone(record, tx.now + timedelta(seconds=RETRY_SECONDS))
