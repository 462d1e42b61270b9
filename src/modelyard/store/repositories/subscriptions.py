"""Subscriptions to events, and their deliveries."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, exists, func, insert, or_, select, update

from modelyard.kit.paging import Page, PageOf
from modelyard.store.named import NamedRepository
from modelyard.store.records import EventRecord
from modelyard.store.repository import as_record
from modelyard.store.rows.subscriptions import DELIVERIES, SUBSCRIPTIONS

if TYPE_CHECKING:
    from modelyard.store.transaction import Transaction

WAITING, DELIVERED, DEAD = "waiting", "delivered", "dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionRecord:
    id: int
    workspace: str
    name: str
    spec: dict[str, Any]
    sealed_secret: bytes | None
    enabled: bool
    cursor: int
    description: str | None
    tags: dict[str, str]
    properties: dict[str, str]
    created_at: datetime
    modified_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRecord:
    """`phase`: `waiting`, `delivered` or `dead`; `event` is its CloudEvents form."""

    id: int
    subscription_id: int
    event_id: int
    subject: str
    event: dict[str, Any]
    phase: str
    attempts: int
    next_at: datetime | None
    claim: str | None
    code: int | None
    reason: str | None
    created_at: datetime
    ended_at: datetime | None


_FIELDS = [field.name for field in fields(DeliveryRecord)]


class SubscriptionRepository(NamedRepository[SubscriptionRecord]):
    table = SUBSCRIPTIONS
    noun = "subscription"

    def __init__(self, transaction: Transaction) -> None:
        super().__init__(transaction, SubscriptionRecord)

    def put(self, workspace: str, name: str, values: Mapping[str, Any]) -> SubscriptionRecord:
        """Create it, from the events of now on, or replace what it was."""
        if self.find(workspace, name) is None:
            return self._insert(workspace, name, {"cursor": self.tx.events.last_id(), **values})
        return self._change(workspace, name, values)

    def change(self, workspace: str, name: str, **values: Any) -> SubscriptionRecord:
        """Set some of its columns; NotFound without it."""
        self.get(workspace, name)
        return self._change(workspace, name, values)

    def enabled(self) -> Sequence[SubscriptionRecord]:
        """Every one that is not paused, of every workspace."""
        rows = self.connection.execute(
            select(SUBSCRIPTIONS).where(SUBSCRIPTIONS.c.enabled).order_by(SUBSCRIPTIONS.c.id)
        )
        return [self._record(row) for row in rows]

    def by_id(self, number: int) -> SubscriptionRecord | None:
        row = self.connection.execute(select(SUBSCRIPTIONS).where(SUBSCRIPTIONS.c.id == number)).one_or_none()
        return None if row is None else self._record(row)

    def advance(self, record: SubscriptionRecord, cursor: int, events: Sequence[tuple[EventRecord, Any]]) -> bool:
        """Move the cursor and write down what is to be delivered; False when another server did."""
        mine = (SUBSCRIPTIONS.c.id == record.id) & (SUBSCRIPTIONS.c.cursor == record.cursor)
        if self.connection.execute(update(SUBSCRIPTIONS).where(mine).values(cursor=cursor)).rowcount != 1:
            return False
        rows = [
            {
                "subscription_id": record.id,
                "event_id": event.id,
                "subject": event.event.subject,
                "event": body,
                "phase": WAITING,
                "attempts": 0,
                "next_at": self.tx.now,
                "created_at": self.tx.now,
            }
            for event, body in events
        ]
        if rows:
            self.connection.execute(insert(DELIVERIES), rows)
        return True

    def claim_due(self, limit: int, seconds: float) -> Sequence[DeliveryRecord]:
        """Take deliveries whose time has come, of each subject of a subscription the earliest alone."""
        now = self.tx.now
        earlier = DELIVERIES.alias("earlier")
        behind = exists().where(
            earlier.c.subscription_id == DELIVERIES.c.subscription_id,
            earlier.c.subject == DELIVERIES.c.subject,
            earlier.c.phase == WAITING,
            earlier.c.id < DELIVERIES.c.id,
        )
        paused = select(SUBSCRIPTIONS.c.id).where(SUBSCRIPTIONS.c.enabled.is_(False))
        free = or_(DELIVERIES.c.claimed_until.is_(None), DELIVERIES.c.claimed_until <= now)
        wanted = select(DELIVERIES.c.id).where(
            DELIVERIES.c.phase == WAITING,
            DELIVERIES.c.next_at <= now,
            free,
            ~behind,
            DELIVERIES.c.subscription_id.not_in(paused),
        )
        chosen = self.connection.execute(wanted.order_by(DELIVERIES.c.id).limit(limit)).scalars().all()
        if not chosen:
            return []
        token = secrets.token_hex(16)
        taken = (
            update(DELIVERIES)
            .where(DELIVERIES.c.id.in_(chosen), free, DELIVERIES.c.phase == WAITING)
            .values(claim=token, claimed_until=now + timedelta(seconds=seconds))
            .returning(*DELIVERIES.c)
        )
        rows = self.connection.execute(taken).all()
        return [as_record(DeliveryRecord, row, _FIELDS) for row in sorted(rows, key=lambda row: row.id)]

    def next_due(self) -> datetime | None:
        """When the next delivery is to be tried."""
        earliest = select(func.min(DELIVERIES.c.next_at)).where(DELIVERIES.c.phase == WAITING)
        found: datetime | None = self.connection.execute(earliest).scalar_one()
        return found

    def settle(self, delivery: DeliveryRecord, **values: Any) -> bool:
        """Write what came of an attempt; False when the claim was lost."""
        mine = (DELIVERIES.c.id == delivery.id) & (DELIVERIES.c.claim == delivery.claim)
        changes = {"claim": None, "claimed_until": None, "attempts": delivery.attempts + 1, **values}
        return self.connection.execute(update(DELIVERIES).where(mine).values(changes)).rowcount == 1

    def history(self, record: SubscriptionRecord, page: Page, phase: str | None = None) -> PageOf[DeliveryRecord]:
        """Deliveries, newest first."""
        statement = select(DELIVERIES).where(DELIVERIES.c.subscription_id == record.id)
        if phase is not None:
            statement = statement.where(DELIVERIES.c.phase == phase)
        return self.page(
            statement, [DELIVERIES.c.id], page, lambda row: as_record(DeliveryRecord, row, _FIELDS), descending=True
        )

    def counts(self, record: SubscriptionRecord) -> dict[str, int]:
        """How many deliveries stand at each phase."""
        mine = DELIVERIES.c.subscription_id == record.id
        statement = select(DELIVERIES.c.phase, func.count()).where(mine).group_by(DELIVERIES.c.phase)
        return {row[0]: row[1] for row in self.connection.execute(statement)}

    def drop_waiting(self, record: SubscriptionRecord) -> None:
        """Forget what has not been delivered: it is written down again by a replay."""
        mine = (DELIVERIES.c.subscription_id == record.id) & (DELIVERIES.c.phase == WAITING)
        self.connection.execute(delete(DELIVERIES).where(mine))

    def prune(self, before: datetime, limit: int = 2000) -> int:
        """Forget at most `limit` deliveries that ended before; answers how many."""
        oldest = select(DELIVERIES.c.id).where(DELIVERIES.c.ended_at < before).order_by(DELIVERIES.c.id).limit(limit)
        return self.connection.execute(delete(DELIVERIES).where(DELIVERIES.c.id.in_(oldest))).rowcount

    def delete(self, workspace: str, name: str) -> None:
        record = self.get(workspace, name)
        super().delete(workspace, name)
        self.connection.execute(delete(DELIVERIES).where(DELIVERIES.c.subscription_id == record.id))
