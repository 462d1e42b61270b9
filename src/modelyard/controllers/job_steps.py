"""Carrying out what was decided about a job: one guarded write, and what must happen after its commit."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from modelyard.artifacts.storage import Storage
from modelyard.controllers.task_document import Secret, TaskDocument, surroundings, with_secret
from modelyard.domain.actions import (
    Action,
    BuildEnvironment,
    JobError,
    LaunchTask,
    RecordOutputs,
    SetStatus,
    StopTask,
    WakeAfter,
)
from modelyard.domain.errors import InvalidInput, ModelyardError
from modelyard.domain.job_plan import JobPlan
from modelyard.domain.job_record import JobRecord, JobUpdate
from modelyard.domain.job_view import JobView
from modelyard.domain.permissions import Role
from modelyard.domain.statuses import JobStatus
from modelyard.domain.task import ExitRecord
from modelyard.environments.environments import Environments
from modelyard.ports.compute_backend import TaskSpec
from modelyard.services.job_outputs import JobOutputs
from modelyard.store.records import TokenKind
from modelyard.store.repositories.runs import FAILED, FINISHED, KILLED
from modelyard.store.transaction import Transaction

logger = logging.getLogger(__name__)
_WITH_TASK = frozenset({JobStatus.STARTING, JobStatus.RUNNING, JobStatus.FINALIZING, JobStatus.CANCEL_REQUESTED})
RUN_STATUSES = {JobStatus.COMPLETED: FINISHED, JobStatus.FAILED: FAILED, JobStatus.CANCELED: KILLED}
_WAITING = (JobStatus.QUEUED, JobStatus.PAUSED)


@dataclass
class Effects:
    """What is left to do once the decision is committed."""

    launch: TaskSpec | None = None
    stop: StopTask | None = None
    build: bool = False
    ended: bool = False
    released: bool = False
    """It goes on later: queued again, or paused."""
    parent_waits: bool = False
    wake_after_seconds: float | None = None


@dataclass
class _Draft:
    updates: list[JobUpdate] = field(default_factory=list)
    effects: Effects = field(default_factory=Effects)
    launch_attempt: int | None = None
    record_outputs: bool = False
    statuses: list[JobStatus] = field(default_factory=list)


@dataclass(frozen=True)
class JobSteps:
    """Applies actions to jobs in transactions that its caller opens."""

    home: Path
    host: str
    storage: Storage
    environments: Environments
    outputs: JobOutputs
    server_url: Callable[[], str]
    wake_parents: Callable[[], None] = lambda: None

    def directory(self, job: JobRecord, attempt: int | None = None) -> Path:
        """The task directory of an attempt, of the job's present one when none is given."""
        return self.home / "jobs" / job.workspace / job.name / str(job.attempt if attempt is None else attempt)

    def apply(self, tx: Transaction, job: JobRecord, view: JobView, actions: list[Action]) -> Effects | None:
        """Write the decision; None, and nothing written, when the lease was lost.

        Raises ModelyardError when outputs cannot be registered or a task cannot be made: roll back, then fail the job.
        """
        draft = _draft(job, view, actions)
        if draft.launch_attempt is not None:
            state = {**(draft.updates[-1].state or job.state), "host": self.host}
            draft.updates[-1] = replace(draft.updates[-1], state=state, attempt=draft.launch_attempt)
        if not tx.jobs.apply(job, *draft.updates):
            return None
        if draft.record_outputs:
            _check_metrics(tx, job)
            self.outputs.record(tx, job)
        if draft.launch_attempt is not None:
            draft.effects.launch = self._task(tx, job, draft.launch_attempt)
        self._follow_run(tx, job, view, draft.statuses)
        if draft.effects.parent_waits and job.parent_name:
            tx.jobs.wake(job.workspace, job.parent_name)
            tx.after_commit(self.wake_parents)
        return draft.effects

    def _task(self, tx: Transaction, job: JobRecord, attempt: int) -> TaskSpec:
        directory = self.directory(job, attempt)
        plan = JobPlan.of(job.state)
        runtime = self.environments.runtime(plan.environment)
        around = surroundings(tx, job, self.server_url())
        document = TaskDocument(self.storage, tx, job, directory, runtime).build(attempt, around)
        _, token = tx.tokens.create(
            TokenKind.JOB,
            f"job {job.name}",
            actor=job.created_by,
            role=Role.JOB.value,
            workspace=job.workspace,
            job_name=job.name,
        )
        return TaskSpec(
            task_id=document["task_id"],
            directory=str(directory),
            document=with_secret(document, Secret(token, None)),
            resources=plan.resources,
        )

    def _follow_run(self, tx: Transaction, job: JobRecord, view: JobView, statuses: list[JobStatus]) -> None:
        """The job's MLflow run and its tokens go with the job's status."""
        began = {JobStatus.RUNNING, JobStatus.FINALIZING} & set(statuses)
        if began and job.started_at is None:
            tx.runs.begin(job.run_id, _started(view) or tx.now)
        elif began:
            tx.runs.go_on(job.run_id)
        last = statuses[-1] if statuses else job.status
        if last in RUN_STATUSES:
            tx.runs.end(job.run_id, RUN_STATUSES[last], _ended(view) or tx.now)
        elif last in _WAITING and job.status not in _WAITING and job.attempt:
            tx.runs.wait(job.run_id)
        if last in RUN_STATUSES or last in _WAITING:
            tx.tokens.revoke_for_job(job.workspace, job.name)


def failed(error: ModelyardError) -> JobError:
    """The error of a job that a refusal of the platform brought to its end."""
    where = error.field
    return JobError(type(error).__name__, error.message, where=where, hint=error.mend)


def _check_metrics(tx: Transaction, job: JobRecord) -> None:
    """InvalidInput when the run lacks a metric that was required of it."""
    for name in JobPlan.of(job.state).required_metrics:
        if not tx.runs.has_metric(job.run_id, name):
            raise InvalidInput(
                f"The command succeeded and never logged the metric '{name}', which is the objective of its sweep.",
                field="objective.primary_metric",
                mend=f'call mlflow.log_metric("{name}", value) in the command, or correct the name in the objective',
            )


def _draft(job: JobRecord, view: JobView, actions: list[Action]) -> _Draft:
    draft = _Draft()
    wake_at: datetime | None = None
    for action in actions:
        match action:
            case SetStatus():
                draft.updates.append(_status_update(job, view, action))
                draft.statuses.append(action.status)
            case LaunchTask():
                draft.launch_attempt = action.attempt
            case StopTask():
                draft.effects.stop = action
            case RecordOutputs():
                draft.record_outputs = True
            case BuildEnvironment():
                draft.effects.build = True
            case WakeAfter():
                wake_at = view.now + timedelta(seconds=action.seconds)
                draft.effects.wake_after_seconds = action.seconds
    if not draft.updates:
        draft.updates.append(JobUpdate())
    draft.updates[-1] = replace(draft.updates[-1], wake_at=wake_at)
    if draft.statuses:
        draft.effects.ended = draft.statuses[-1].terminal
        draft.effects.released = draft.statuses[-1] in (JobStatus.QUEUED, JobStatus.PAUSED)
        draft.effects.parent_waits = draft.effects.ended or draft.statuses[-1] is JobStatus.PAUSED
    return draft


def _status_update(job: JobRecord, view: JobView, action: SetStatus) -> JobUpdate:
    error: dict[str, Any] | None = action.error.to_dict() if action.error else None
    if action.status is JobStatus.COMPLETED:
        error = {}
    started = _started(view) if job.started_at is None else None
    ended = _ended(view) if action.status.terminal else None
    state = _spent(job, view, action.status)
    return JobUpdate(status=action.status, state=state, error=error, started_at=started, ended_at=ended)


def _spent(job: JobRecord, view: JobView, status: JobStatus) -> dict[str, Any] | None:
    """The state with the time of an attempt that is not the only one added, so that pauses cost nothing."""
    record = view.task.exit if view.task is not None else None
    over = status.terminal or status in (JobStatus.QUEUED, JobStatus.PAUSED)
    before = job.state.get("busy_seconds")
    if job.status not in _WITH_TASK or not over or (status.terminal and before is None):
        return None
    paused = {"pauses": int(job.state.get("pauses", 0)) + 1} if status is JobStatus.PAUSED else {}
    span = 0.0
    if record is not None and record.started_at is not None and record.ended_at is not None:
        span = max(0.0, record.ended_at - record.started_at)
    return {**job.state, **paused, "busy_seconds": round((before or 0.0) + span, 3)}


def _started(view: JobView) -> datetime | None:
    return _moment(view.task.started_at) if view.task is not None else None


def _ended(view: JobView) -> datetime | None:
    record: ExitRecord | None = view.task.exit if view.task is not None else None
    return _moment(record.ended_at) if record is not None else None


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
