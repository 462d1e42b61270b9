"""The stream of events: appended with every change, read in order of commits, pruned by age."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Row, delete, func, insert, or_, select, text

from modelyard.domain.events import Event
from modelyard.store.records import EventRecord
from modelyard.store.repository import Repository
from modelyard.store.rows.events import EVENTS

if TYPE_CHECKING:
    from modelyard.store.transaction import Transaction

# Any number that no other user of the database takes for its advisory locks.
_APPEND_LOCK = 0x6D79_6576


class EventRepository(Repository):
    """Ids grow in the order of commits: whoever has read up to an id never misses an event below it."""

    def __init__(self, transaction: Transaction) -> None:
        super().__init__(transaction)
        self._pending: list[Event] = []

    def append(self, event: Event) -> None:
        """Write `event` with this transaction's commit; it is not readable before."""
        self._pending.append(event)

    def flush(self) -> bool:
        """Write what was appended. Called once, last, by the transaction.

        Two transactions that took ids from the sequence could commit in the other order, and a reader in between
        would step over the later one for ever. So on PostgreSQL appending takes a lock held until the commit, which
        follows at once; SQLite has one writer anyway.
        """
        if not self._pending:
            return False
        if not self.tx.sqlite:
            self.connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _APPEND_LOCK})
        self.connection.execute(insert(EVENTS), [_values(event) for event in self._pending])
        self._pending.clear()
        return True

    def after(
        self,
        last_id: int,
        *,
        limit: int = 500,
        workspaces: Sequence[str] | None = None,
        types: Sequence[str] | None = None,
        subject: str | None = None,
    ) -> list[EventRecord]:
        """Events after `last_id`, oldest first. `types` may end in `*`; `workspaces` None means every one."""
        statement = select(EVENTS).where(EVENTS.c.id > last_id)
        if workspaces is not None:
            statement = statement.where(EVENTS.c.workspace.in_(workspaces))
        if types:
            statement = statement.where(_of_types(types))
        if subject is not None:
            statement = statement.where(EVENTS.c.subject == subject)
        rows = self.connection.execute(statement.order_by(EVENTS.c.id).limit(limit)).all()
        return [_record(row) for row in rows]

    def last_id(self) -> int:
        """The id of the newest event, 0 when there is none."""
        return self.connection.execute(select(func.max(EVENTS.c.id))).scalar() or 0

    def prune(self, before: datetime, limit: int = 2000) -> int:
        """Forget at most `limit` events older than `before`; answers how many."""
        oldest = select(EVENTS.c.id).where(EVENTS.c.time < before).order_by(EVENTS.c.time).limit(limit)
        return self.connection.execute(delete(EVENTS).where(EVENTS.c.id.in_(oldest))).rowcount


def _of_types(types: Sequence[str]) -> ColumnElement[bool]:
    exact = [name for name in types if not name.endswith("*")]
    starts = [EVENTS.c.type.startswith(name[:-1], autoescape=True) for name in types if name.endswith("*")]
    return or_(EVENTS.c.type.in_(exact), *starts)


def _values(event: Event) -> dict[str, Any]:
    return {
        "type": event.type,
        "subject": event.subject,
        "workspace": event.workspace,
        "actor": event.actor,
        "time": event.time,
        "data": dict(event.data),
    }


def _record(row: Row[Any]) -> EventRecord:
    event = Event(
        type=row.type, subject=row.subject, workspace=row.workspace, actor=row.actor, time=row.time, data=row.data
    )
    return EventRecord(row.id, event)
