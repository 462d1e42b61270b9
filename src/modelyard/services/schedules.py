"""Schedules: made, changed, paused, fired."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from modelyard.domain.errors import InvalidInput, ModelyardError
from modelyard.domain.job import Job
from modelyard.kinds.schedule import CatchUp, Schedule
from modelyard.kit.paging import Page, PageOf
from modelyard.services.job_templates import job_of
from modelyard.services.jobs import Jobs
from modelyard.services.schedule_times import check, next_time
from modelyard.services.stored import creation_context, spec_of
from modelyard.store.repositories.schedules import FiringRecord, ScheduleRecord
from modelyard.store.transaction import Transaction

MOST_MISSED = 100
_PROPERTY = "azureml.schedule"


@dataclass(frozen=True)
class Schedules:
    """The use cases of schedules. Whoever writes wakes the controller after the commit."""

    jobs: Jobs

    def put(self, tx: Transaction, workspace: str, schedule: Schedule) -> Schedule:
        """Create a schedule or replace what it was, enabled. Its job is checked as if it were submitted now."""
        if not schedule.name:
            raise InvalidInput("A schedule needs a name.", field="name")
        check(schedule.trigger, tx.now)
        self._check_job(tx, workspace, schedule)
        record = tx.schedules.put(
            workspace,
            schedule.name,
            {
                "spec": spec_of(schedule),
                "enabled": True,
                "next_at": next_time(schedule.trigger, tx.now, made=tx.now),
                "description": schedule.description,
                "tags": schedule.tags,
                "properties": schedule.properties,
            },
        )
        return entity(record)

    def get(self, tx: Transaction, workspace: str, name: str) -> Schedule:
        return entity(tx.schedules.get(workspace, name))

    def list_page(self, tx: Transaction, workspace: str, page: Page, *, text: str | None = None) -> PageOf[Schedule]:
        """Schedules by name."""
        return tx.schedules.list(workspace, page, text=text).map(entity)

    def enable(self, tx: Transaction, workspace: str, name: str) -> Schedule:
        """Let it fire again, from now on: what it missed while it was off is not made up for."""
        record = tx.schedules.get(workspace, name)
        moment = next_time(entity(record).trigger, tx.now, made=record.created_at)
        return entity(tx.schedules.change(workspace, name, enabled=True, next_at=moment))

    def disable(self, tx: Transaction, workspace: str, name: str) -> Schedule:
        return entity(tx.schedules.change(workspace, name, enabled=False, next_at=None))

    def trigger(self, tx: Transaction, workspace: str, name: str) -> Job:
        """Submit its job now, beside its times."""
        record = tx.schedules.get(workspace, name)
        job = self._submit(tx, record, tx.now)
        tx.schedules.fired(record, tx.now, "submitted", job_name=job.name, reason="triggered by hand")
        return job

    def history(self, tx: Transaction, workspace: str, name: str, page: Page) -> PageOf[FiringRecord]:
        """Its firings, newest first."""
        tx.schedules.get(workspace, name)
        return tx.schedules.firings(workspace, name, page)

    def due_moments(self, record: ScheduleRecord, now: datetime) -> tuple[list[datetime], datetime | None]:
        """The moments that have come (at most MOST_MISSED, the last of them), and the next that has not."""
        trigger = entity(record).trigger
        moments: list[datetime] = []
        moment = record.next_at
        while moment is not None and moment <= now:
            moments = [*moments[-(MOST_MISSED - 1) :], moment]
            moment = next_time(trigger, moment, made=record.created_at)
        return moments, moment

    def fire(self, tx: Transaction, record: ScheduleRecord, moments: list[datetime]) -> None:
        """Submit what the catch-up policy lets of `moments`; the rest is written down as skipped."""
        policy = CatchUp(record.spec.get("catch_up", CatchUp.LAST))
        on_time = (tx.now - moments[-1]).total_seconds() < 60 and len(moments) == 1
        kept = moments if policy is CatchUp.ALL or on_time else moments[-1:] if policy is CatchUp.LAST else []
        for moment in moments:
            if moment not in kept:
                tx.schedules.fired(record, moment, "skipped", reason=f"missed; catch_up is {policy.value}")
                continue
            job = self._submit(tx, record, moment)
            tx.schedules.fired(record, moment, "submitted", job_name=job.name)

    def _submit(self, tx: Transaction, record: ScheduleRecord, moment: datetime) -> Job:
        job = job_of(tx, record.workspace, record.spec["create_job"], _scope(moment))
        job.name = None
        job.properties = {**job.properties, _PROPERTY: record.name}
        job.experiment_name = job.experiment_name or record.name
        return self.jobs.create(tx, record.workspace, job)

    def _check_job(self, tx: Transaction, workspace: str, schedule: Schedule) -> None:
        job = job_of(tx, workspace, schedule.create_job, _scope(tx.now))
        try:
            self.jobs.validate(tx, workspace, job)
        except ModelyardError as error:
            error.field = f"create_job.{error.field}" if error.field else "create_job"
            raise


def _scope(moment: datetime) -> dict[str, str]:
    return {"creation_context.trigger_time": moment.isoformat()}


def entity(record: ScheduleRecord) -> Schedule:
    """A schedule with what the platform knows of it."""
    return Schedule.from_stored(
        {
            **record.spec,
            "name": record.name,
            "id": f"azureml://workspaces/{record.workspace}/schedules/{record.name}",
            "description": record.description,
            "tags": record.tags,
            "properties": record.properties,
            "is_enabled": record.enabled,
            "next_run_at": record.next_at,
            "last_run_at": record.last_at,
            "provisioning_state": "Succeeded",
            "creation_context": creation_context(record),
        }
    )
