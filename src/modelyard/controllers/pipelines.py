"""The pipeline controller: leases pipelines, follows their nodes, asks the kind what to do, and does it.

What was decided is written in one transaction that the lease guards. A pipeline's memory that was not committed is
thrown away and read again from the rows.
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
from modelyard.services.jobs import Jobs
from modelyard.store.database import Database

if TYPE_CHECKING:
    from modelyard.controllers import pipeline_steps
else:  # nobody waits for these imports who has no pipeline
    pipeline_steps = deferred("modelyard.controllers.pipeline_steps")

logger = logging.getLogger(__name__)

KINDS = ("pipeline",)
LEASE_SECONDS = 120.0
RETRY_SECONDS = 5.0
BATCH = 8


class PipelineController:
    """Give it `start()`, call `wake()` after commits that concern pipelines or their nodes, and `stop()`."""

    def __init__(self, database: Database, host: str, outputs: JobOutputs, woken: Callable[[], None]) -> None:
        self._database = database
        self._owner = f"pipelines@{host}"
        self._outputs = outputs
        self._woken = woken
        self._jobs: Jobs | None = None
        self._loop = ControllerLoop("pipelines", self._step)
        self._memories: dict[int, pipeline_steps.PipelineMemory] = {}

    def submit_by(self, jobs: Jobs) -> None:
        """The use cases that make the jobs of nodes."""
        self._jobs = jobs

    def start(self) -> None:
        """Take back what a former life of this server left, then begin."""
        with self._database.transaction(actor="server") as tx:
            tx.jobs.release(self._owner)
        self._loop.start()

    def wake(self) -> None:
        self._loop.wake()

    def child_ended(self) -> None:
        """A job with a parent ended. Where no pipeline is known and no other server can have one, nothing is to do."""
        if self._memories or not self._database.sqlite:
            self._loop.wake()

    def stop(self) -> None:
        """Finish the step at hand. Nodes go on."""
        self._loop.stop()

    def step(self) -> None:
        """Decide about every pipeline that needs it now: what the thread does each time, for tests without one."""
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
        assert self._jobs is not None
        try:
            if memory is None:
                with self._database.snapshot() as tx:
                    memory = pipeline_steps.PipelineMemory.load(tx, record)
            applied, ended = pipeline_steps.advance(
                self._database, record, memory, self._jobs, self._outputs, self._woken
            )
        except ModelyardError as error:
            self._fail(record, error)
            return
        except Exception:
            # One pipeline must not hold up the others; its lease is given up and it is tried again from the rows.
            logger.exception("pipeline %s could not be handled", record.name)
            self._give_up(record)
            return
        if applied and not ended:
            self._memories[record.id] = memory

    def _fail(self, record: JobRecord, error: ModelyardError) -> None:
        """What the platform refuses would be refused again: the next decision ends the pipeline with that reason."""
        if error.status >= 500:
            logger.warning("pipeline %s: %s", record.name, error.message)
            self._give_up(record)
            return
        failure = {"type": type(error).__name__, "message": error.message, "where": error.field, "hint": error.mend}
        with self._database.transaction(actor="server") as tx:
            tx.jobs.apply(record, JobUpdate(state={**record.state, "failure": failure}, wake_at=tx.now))

    def _give_up(self, record: JobRecord) -> None:
        with self._database.transaction(actor="server") as tx:
            tx.jobs.postpone(record, tx.now + timedelta(seconds=RETRY_SECONDS))
