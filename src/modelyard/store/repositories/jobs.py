# lint: long-file: one table, and every statement that may touch it
"""Jobs: rows moved by leased controllers through the table of legal transitions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, func, insert, or_, select, true, update

from modelyard.domain.errors import Conflict, NotFound
from modelyard.domain.job_record import JobRecord, JobUpdate
from modelyard.domain.statuses import JobStatus, check_job_transition, reopened
from modelyard.kit.paging import Page, PageOf
from modelyard.store import leasing
from modelyard.store.failures import Duplicate
from modelyard.store.repository import Repository
from modelyard.store.rows.jobs import JOBS

_FIELDS = [field.name for field in fields(JobRecord)]
# After a job's name, the name of the best job below it, as in Azure ML.
BEST_CHILD = "_best_child"
ACTIVE = tuple(status for status in JobStatus if not status.terminal)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """What a job starts with. `wake_at` None: it waits until somebody wakes it."""

    workspace: str
    name: str
    run_id: str
    kind: str
    spec: Mapping[str, Any]
    status: JobStatus = JobStatus.QUEUED
    experiment_name: str = "Default"
    display_name: str | None = None
    description: str | None = None
    compute: str = "local"
    priority: int = 0
    parent_name: str | None = None
    tags: Mapping[str, str] | None = None
    properties: Mapping[str, str] | None = None
    state: Mapping[str, Any] | None = None
    due_now: bool = True
    error: Mapping[str, Any] | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    """Of one that is written down when it is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilter:
    """Conditions of a list, all of which must hold; `archived` None takes both. `text` is found in the names."""

    statuses: Sequence[JobStatus] | None = None
    kinds: Sequence[str] | None = None
    parent_name: str | None = None
    top_level: bool = False
    experiment_name: str | None = None
    compute: str | None = None
    tags: Mapping[str, str | None] | None = None
    text: str | None = None
    archived: bool | None = False
    created_by: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None


class JobRepository(Repository):
    def create(self, job: NewJob) -> JobRecord:
        """Write a new job; Conflict when the workspace has its name or any workspace its run id."""
        now = self.tx.now
        values = {
            "workspace": job.workspace,
            "name": job.name,
            "run_id": job.run_id,
            "kind": job.kind,
            "spec": dict(job.spec),
            "status": job.status.value,
            "experiment_name": job.experiment_name,
            "display_name": job.display_name or job.name,
            "description": job.description,
            "compute": job.compute,
            "priority": job.priority,
            "parent_name": job.parent_name,
            "tags": dict(job.tags or {}),
            "properties": dict(job.properties or {}),
            "state": dict(job.state or {}),
            "error": None if job.error is None else dict(job.error),
            "attempt": 0,
            "started_at": job.started_at,
            "ended_at": job.ended_at,
            "created_at": now,
            "modified_at": now,
            "created_by": self.tx.actor,
            "wake_at": now if job.due_now else None,
            "wake_count": 0,
        }
        try:
            row = self.connection.execute(insert(JOBS).values(values).returning(*JOBS.c)).one()
        except Duplicate as error:
            raise Conflict(f"A job named '{job.name}' exists already.", field="name") from error
        self._emit("created", job.workspace, job.name, {"kind": job.kind, "status": job.status.value})
        return _record(row)

    def get(self, workspace: str, name: str) -> JobRecord:
        """The job of that name or run id, or `<job>_best_child`, the best below a job; NotFound else."""
        found = self.find(workspace, name)
        if found is None:
            raise NotFound(f"There is no job '{name}' in workspace '{workspace}'.", field="name")
        return found

    def find(self, workspace: str, name: str) -> JobRecord | None:
        mine = select(JOBS).where(JOBS.c.workspace == workspace)
        row = self.connection.execute(mine.where(JOBS.c.name == name)).one_or_none()
        row = row or self.connection.execute(mine.where(JOBS.c.run_id == name)).one_or_none()
        if row is None and name.endswith(BEST_CHILD):
            parent = self.find(workspace, name.removesuffix(BEST_CHILD))
            best = None if parent is None else parent.properties.get("best_child_run_id")
            return self.find(workspace, best) if best else None
        return None if row is None else _record(row)

    def by_run_id(self, run_id: str) -> JobRecord | None:
        """The job of a run, in whichever workspace it is."""
        row = self.connection.execute(select(JOBS).where(JOBS.c.run_id == run_id)).one_or_none()
        return None if row is None else _record(row)

    def list(
        self, workspace: str, page: Page, filter: JobFilter | None = None, *, oldest_first: bool = False
    ) -> PageOf[JobRecord]:
        """Jobs that pass `filter`, newest first unless asked otherwise."""
        statement = self._filtered(select(JOBS).where(JOBS.c.workspace == workspace), filter or JobFilter())
        return self.page(statement, [JOBS.c.id], page, _record, descending=not oldest_first)

    def children(self, workspace: str, parent_name: str, page: Page) -> PageOf[JobRecord]:
        statement = select(JOBS).where(JOBS.c.workspace == workspace, JOBS.c.parent_name == parent_name)
        return self.page(statement, [JOBS.c.id], page, _record)

    def count_by_status(self, *, workspace: str | None = None, compute: str | None = None) -> dict[JobStatus, int]:
        """How many jobs stand at each status; a status without jobs is left out."""
        statement = select(JOBS.c.status, func.count()).group_by(JOBS.c.status)
        if workspace is not None:
            statement = statement.where(JOBS.c.workspace == workspace)
        if compute is not None:
            statement = statement.where(JOBS.c.compute == compute)
        return {JobStatus(status): count for status, count in self.connection.execute(statement)}

    def with_status(
        self,
        statuses: Sequence[JobStatus],
        *,
        compute: str | None = None,
        kinds: Sequence[str] | None = None,
        limit: int = 1000,
    ) -> Sequence[JobRecord]:
        """Jobs of every workspace at these statuses, by priority (high first), then age: the queue of a compute."""
        statement = select(JOBS).where(JOBS.c.status.in_([status.value for status in statuses]), _of_kinds(kinds))
        if compute is not None:
            statement = statement.where(JOBS.c.compute == compute)
        rows = self.connection.execute(statement.order_by(JOBS.c.priority.desc(), JOBS.c.id).limit(limit))
        return [_record(row) for row in rows]

    def lease_due(
        self, owner: str, now: datetime, limit: int, lease_seconds: float, kinds: Sequence[str] | None = None
    ) -> Sequence[JobRecord]:
        """Take up to `limit` free jobs whose `wake_at` has come, the longest due first."""
        rows = leasing.lease_due(
            self.connection,
            JOBS,
            owner=owner,
            now=now,
            limit=limit,
            lease_seconds=lease_seconds,
            condition=_of_kinds(kinds),
        )
        return [_record(row) for row in rows]

    def next_due(self, kinds: Sequence[str]) -> datetime | None:
        """When the next unfinished job of these kinds falls due; None when none will by itself."""
        earliest = select(func.min(JOBS.c.wake_at)).where(JOBS.c.wake_at.is_not(None), _of_kinds(kinds))
        found: datetime | None = self.connection.execute(earliest).scalar_one()
        return found

    def named(self, workspace: str, names: Sequence[str]) -> Sequence[JobRecord]:
        """The jobs of these names that there are, in no certain order."""
        wanted = select(JOBS).where(JOBS.c.workspace == workspace, JOBS.c.name.in_(names))
        return [_record(row) for row in self.connection.execute(wanted)]

    def ended(self, workspace: str, names: Sequence[str]) -> Sequence[JobRecord]:
        """Those of these jobs that are over, in the order of their making."""
        if not names:
            return []
        over = [status.value for status in JobStatus if status.terminal]
        wanted = select(JOBS).where(JOBS.c.workspace == workspace, JOBS.c.name.in_(names), JOBS.c.status.in_(over))
        return [_record(row) for row in self.connection.execute(wanted.order_by(JOBS.c.id))]

    def lease_named(
        self, names: Sequence[int | str], owner: str, now: datetime, lease_seconds: float
    ) -> Sequence[JobRecord]:
        """Take those jobs, by id or run id, that are free and unfinished: something just happened to them."""
        ids = [name for name in names if isinstance(name, int)]
        run_ids = [name for name in names if isinstance(name, str)]
        rows = leasing.lease(
            self.connection,
            JOBS,
            condition=and_(or_(JOBS.c.id.in_(ids), JOBS.c.run_id.in_(run_ids)), _unfinished()),
            order=[JOBS.c.id],
            owner=owner,
            now=now,
            limit=max(len(names), 1),
            lease_seconds=lease_seconds,
        )
        return [_record(row) for row in sorted(rows, key=lambda row: row.id)]

    def lease_queued(
        self, owner: str, now: datetime, limit: int, lease_seconds: float, skip: Sequence[int | str] = ()
    ) -> Sequence[JobRecord]:
        """Take up to `limit` free jobs at Queued, highest priority first, then oldest; `skip` by id or run id.

        A job whose `wake_at` is still to come is waiting by its own wish (a retry's pause) and left alone.
        """
        condition = and_(
            JOBS.c.status == JobStatus.QUEUED.value,
            or_(JOBS.c.wake_at.is_(None), JOBS.c.wake_at <= now),
            JOBS.c.id.not_in([name for name in skip if isinstance(name, int)]),
            JOBS.c.run_id.not_in([name for name in skip if isinstance(name, str)]),
        )
        rows = leasing.lease(
            self.connection,
            JOBS,
            condition=condition,
            order=[JOBS.c.priority.desc(), JOBS.c.id],
            owner=owner,
            now=now,
            limit=limit,
            lease_seconds=lease_seconds,
        )
        return [_record(row) for row in sorted(rows, key=lambda row: (-row.priority, row.id))]

    def apply(self, record: JobRecord, *updates: JobUpdate) -> bool:
        """Write decisions, in order, in one guarded UPDATE; False, and nothing written, when the lease was lost.

        Each transition is checked and has its event; one that is not legal raises IllegalTransition. The lease is
        released unless the last update keeps it.
        """
        values: dict[str, Any] = {}
        moves: list[tuple[JobStatus, JobStatus]] = []
        status = record.status
        for step in updates:
            values |= _changes(step)
            if step.status is not None and step.status is not status:
                check_job_transition(record.name, status, step.status)
                moves.append((status, step.status))
                status = step.status
        if moves and status.terminal:
            values.setdefault("ended_at", self.tx.now)
        applied = leasing.write_leased(
            self.connection,
            JOBS,
            record,
            values,
            now=self.tx.now,
            wake_at=updates[-1].wake_at,
            release=updates[-1].release,
            ended=status.terminal,
        )
        if applied:
            self._emit_moves(record, moves, values.get("attempt", record.attempt))
        return applied

    def extend_lease(self, record: JobRecord, seconds: float) -> bool:
        """Hold the lease `seconds` from now on; False when it was lost."""
        return leasing.extend_lease(self.connection, JOBS, record, until=self.tx.now + timedelta(seconds=seconds))

    def postpone(self, record: JobRecord, until: datetime) -> bool:
        """Give a lease back without a decision, to be looked at again then; False when it was lost."""
        return leasing.write_leased(
            self.connection, JOBS, record, {}, now=self.tx.now, wake_at=until, release=True, ended=False
        )

    def release(self, owner: str) -> int:
        """Free what `owner` held in a former life of this server; answers how many."""
        return leasing.release_owned(self.connection, JOBS, owner)

    def wake(self, workspace: str, name: str) -> bool:
        """Make an unfinished job due now, leased or not; False when there is none."""
        return self._wake((JOBS.c.workspace == workspace) & (JOBS.c.name == name)) > 0

    def wake_active(self) -> int:
        """Make every unfinished job due: what a server does at its start."""
        return self._wake(true())

    def request_cancel(self, workspace: str, name: str) -> JobRecord:
        """Ask the controller to cancel; asking again, or for a job that ended, changes nothing."""
        record = self.get(workspace, name)
        if record.status.terminal or record.cancel_requested:
            return record
        changes = {"cancel_requested": True, "modified_at": self.tx.now, **leasing.woken(JOBS, self.tx.now)}
        self.connection.execute(update(JOBS).where(JOBS.c.id == record.id).values(changes))
        self._emit("cancel_requested", workspace, record.name, {})
        return self.get(workspace, record.name)

    def request_pause(self, workspace: str, name: str, *, wanted: bool = True) -> None:
        """Ask the controller to pause an unfinished job, or (`wanted` off) to let a paused one go on."""
        mine = (JOBS.c.workspace == workspace) & (JOBS.c.name == name) & (JOBS.c.pause_requested != wanted)
        changes = {"pause_requested": wanted, "modified_at": self.tx.now, **leasing.woken(JOBS, self.tx.now)}
        if self.connection.execute(update(JOBS).where(mine, _unfinished()).values(changes)).rowcount:
            self._emit("pause_requested" if wanted else "resume_requested", workspace, name, {})

    def change_spec(self, record: JobRecord, spec: Mapping[str, Any]) -> bool:
        """Change what an unfinished job is to do, leased or not; False, and nothing changed, once it has ended."""
        changes = {"spec": dict(spec), "modified_at": self.tx.now, **leasing.woken(JOBS, self.tx.now)}
        mine = update(JOBS).where(JOBS.c.id == record.id, _unfinished()).values(changes)
        changed = self.connection.execute(mine).rowcount == 1
        if changed:
            self._emit("updated", record.workspace, record.name, {"fields": ["spec"]})
        return changed

    def reopen(self, record: JobRecord, spec: Mapping[str, Any], state: Mapping[str, Any]) -> JobRecord:
        """Let a job that has ended go on, as the table of reopenings allows; due at once. IllegalTransition else."""
        after = reopened(record.name, record.kind, record.status)
        changes = {
            "status": after.value,
            "spec": dict(spec),
            "state": dict(state),
            "error": None,
            "ended_at": None,
            "cancel_requested": False,
            "modified_at": self.tx.now,
            **leasing.woken(JOBS, self.tx.now),
        }
        ended = update(JOBS).where(JOBS.c.id == record.id, JOBS.c.status == record.status.value)
        if self.connection.execute(ended.values(changes)).rowcount != 1:
            raise Conflict(f"Job '{record.name}' has just changed.", mend="ask again")
        self._emit_moves(record, [(record.status, after)], record.attempt)
        return self.get(record.workspace, record.name)

    def edit(
        self,
        workspace: str,
        name: str,
        *,
        display_name: str | None = None,
        description: str | None = None,
        tags: Mapping[str, str] | None = None,
        properties: Mapping[str, str] | None = None,
        archived: bool | None = None,
    ) -> JobRecord:
        """Change what belongs to the user, leased or not; None stays."""
        record = self.get(workspace, name)
        wanted = {
            "display_name": display_name,
            "description": description,
            "tags": None if tags is None else dict(tags),
            "properties": None if properties is None else dict(properties),
            "archived": archived,
        }
        changes = {key: value for key, value in wanted.items() if value is not None}
        if changes:
            row = self.connection.execute(
                update(JOBS).where(JOBS.c.id == record.id).values(**changes, modified_at=self.tx.now).returning(*JOBS.c)
            ).one()
            self._emit("updated", workspace, record.name, {"fields": sorted(changes)})
            record = _record(row)
        return record

    def _wake(self, condition: ColumnElement[bool]) -> int:
        statement = update(JOBS).where(condition, _unfinished()).values(leasing.woken(JOBS, self.tx.now))
        return self.connection.execute(statement).rowcount

    def _filtered(self, statement: Select[Any], filter: JobFilter) -> Select[Any]:
        conditions: list[ColumnElement[bool]] = []
        if filter.statuses is not None:
            conditions.append(JOBS.c.status.in_([status.value for status in filter.statuses]))
        if filter.kinds is not None:
            conditions.append(JOBS.c.kind.in_(filter.kinds))
        if filter.top_level:
            conditions.append(JOBS.c.parent_name.is_(None))
        for column, value in (
            (JOBS.c.parent_name, filter.parent_name),
            (JOBS.c.experiment_name, filter.experiment_name),
            (JOBS.c.compute, filter.compute),
            (JOBS.c.archived, filter.archived),
            (JOBS.c.created_by, filter.created_by),
        ):
            if value is not None:
                conditions.append(column == value)
        if filter.text:
            names = (JOBS.c.name, JOBS.c.display_name)
            conditions.append(or_(*[column.icontains(filter.text, autoescape=True) for column in names]))
        if filter.created_after is not None:
            conditions.append(JOBS.c.created_at >= filter.created_after)
        if filter.created_before is not None:
            conditions.append(JOBS.c.created_at < filter.created_before)
        conditions.extend(self.has_tag(JOBS.c.tags, key, value) for key, value in (filter.tags or {}).items())
        return statement.where(*conditions)

    def _emit_moves(self, record: JobRecord, moves: Sequence[tuple[JobStatus, JobStatus]], attempt: int) -> None:
        for before, after in moves:
            data = {"from": before.value, "to": after.value, "kind": record.kind, "attempt": attempt}
            self._emit("status_changed", record.workspace, record.name, data)

    def _emit(self, verb: str, workspace: str, name: str, data: Mapping[str, Any]) -> None:
        self.tx.emit(f"modelyard.job.{verb}", f"jobs/{name}", workspace=workspace, data=data)


def _unfinished() -> ColumnElement[bool]:
    return JOBS.c.status.in_([status.value for status in ACTIVE])


def _changes(update: JobUpdate) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if update.status is not None:
        values["status"] = update.status.value
    if update.state is not None:
        values["state"] = dict(update.state)
    if update.error is not None:
        values["error"] = dict(update.error) or None
    if update.properties is not None:
        values["properties"] = dict(update.properties)
    for name in ("attempt", "started_at", "ended_at"):
        value = getattr(update, name)
        if value is not None:
            values[name] = value
    return values


def _record(row: Row[Any]) -> JobRecord:
    mapping = row._mapping
    values = {name: mapping[name] for name in _FIELDS}
    values["status"] = JobStatus(values["status"])
    return JobRecord(**values)


def _of_kinds(kinds: Sequence[str] | None) -> ColumnElement[bool]:
    return true() if kinds is None else JOBS.c.kind.in_(kinds)
