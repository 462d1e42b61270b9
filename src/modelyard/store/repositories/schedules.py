"""Schedules and their firings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, select, update

from modelyard.kit.paging import Page, PageOf
from modelyard.store.named import NamedRepository
from modelyard.store.repository import as_record
from modelyard.store.rows.schedules import FIRINGS, SCHEDULES

if TYPE_CHECKING:
    from modelyard.store.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleRecord:
    """`next_at` None: disabled, or over."""

    id: int
    workspace: str
    name: str
    spec: dict[str, Any]
    enabled: bool
    next_at: datetime | None
    last_at: datetime | None
    description: str | None
    tags: dict[str, str]
    properties: dict[str, str]
    created_at: datetime
    modified_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FiringRecord:
    """`outcome`: `submitted`, `skipped` (the catch-up policy) or `failed`."""

    id: int
    workspace: str
    schedule_name: str
    due_at: datetime
    fired_at: datetime
    outcome: str
    job_name: str | None
    reason: str | None


_FIRING_FIELDS = [field.name for field in fields(FiringRecord)]


class ScheduleRepository(NamedRepository[ScheduleRecord]):
    table = SCHEDULES
    noun = "schedule"

    def __init__(self, transaction: Transaction) -> None:
        super().__init__(transaction, ScheduleRecord)

    def put(self, workspace: str, name: str, values: Mapping[str, Any]) -> ScheduleRecord:
        """Create it, or replace what it was; its firings stay."""
        if self.find(workspace, name) is None:
            return self._insert(workspace, name, values)
        return self._change(workspace, name, values)

    def change(self, workspace: str, name: str, **values: Any) -> ScheduleRecord:
        """Set some of its columns; NotFound without it."""
        self.get(workspace, name)
        return self._change(workspace, name, values)

    def due(self, now: datetime, limit: int = 20) -> Sequence[ScheduleRecord]:
        """Those whose time has come, the longest due first."""
        statement = select(SCHEDULES).where(SCHEDULES.c.next_at.is_not(None), SCHEDULES.c.next_at <= now)
        rows = self.connection.execute(statement.order_by(SCHEDULES.c.next_at).limit(limit))
        return [self._record(row) for row in rows]

    def next_due(self) -> datetime | None:
        """When the next one fires."""
        earliest = select(func.min(SCHEDULES.c.next_at)).where(SCHEDULES.c.next_at.is_not(None))
        found: datetime | None = self.connection.execute(earliest).scalar_one()
        return found

    def claim(self, record: ScheduleRecord, next_at: datetime | None) -> bool:
        """Take the firing at `record.next_at`; False when another server took it, or the schedule changed."""
        mine = (SCHEDULES.c.id == record.id) & (SCHEDULES.c.next_at == record.next_at)
        values = {"next_at": next_at, "last_at": self.tx.now}
        return self.connection.execute(update(SCHEDULES).where(mine).values(values)).rowcount == 1

    def fired(
        self,
        record: ScheduleRecord,
        due_at: datetime,
        outcome: str,
        *,
        job_name: str | None = None,
        reason: str | None = None,
    ) -> None:
        """Write a firing down."""
        values = {
            "workspace": record.workspace,
            "schedule_name": record.name,
            "due_at": due_at,
            "fired_at": self.tx.now,
            "outcome": outcome,
            "job_name": job_name,
            "reason": reason,
        }
        self.connection.execute(insert(FIRINGS).values(values))
        facts = {"due_at": due_at.isoformat(), "outcome": outcome, "job": job_name, "reason": reason}
        self._emit("fired", record.workspace, record.name, {k: v for k, v in facts.items() if v is not None})

    def firings(self, workspace: str, name: str, page: Page) -> PageOf[FiringRecord]:
        """Firings, newest first."""
        statement = select(FIRINGS).where(FIRINGS.c.workspace == workspace, FIRINGS.c.schedule_name == name)
        return self.page(
            statement, [FIRINGS.c.id], page, lambda row: as_record(FiringRecord, row, _FIRING_FIELDS), descending=True
        )

    def delete(self, workspace: str, name: str) -> None:
        super().delete(workspace, name)
        mine = (FIRINGS.c.workspace == workspace) & (FIRINGS.c.schedule_name == name)
        self.connection.execute(delete(FIRINGS).where(mine))
