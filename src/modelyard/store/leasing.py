"""Leases on rows: who may act on a row now, and writing back only while that holds.

A row is due when `wake_at` has come and no unexpired lease is on it. Every wake-up counts in `wake_count`; a lease
holder writes its own next `wake_at` only if that count stands where it was, so no wake-up is ever lost.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Connection, Row, Table, and_, case, literal, or_, select, update

from modelyard.store.rows.columns import Moment


class Leased(Protocol):
    """The part of a record that leasing looks at."""

    @property
    def id(self) -> int: ...
    @property
    def lease_token(self) -> str | None: ...
    @property
    def wake_count(self) -> int: ...


def free(table: Table, now: datetime) -> ColumnElement[bool]:
    """Nobody holds an unexpired lease on the row."""
    return or_(table.c.lease_expires_at.is_(None), table.c.lease_expires_at <= now)


def due(table: Table, now: datetime) -> ColumnElement[bool]:
    """The wake-up has come. The first half is what lets the partial index be used."""
    return and_(table.c.wake_at.is_not(None), table.c.wake_at <= now)


def lease(
    connection: Connection,
    table: Table,
    *,
    condition: ColumnElement[bool],
    order: Sequence[ColumnElement[Any]],
    owner: str,
    now: datetime,
    limit: int,
    lease_seconds: float,
) -> list[Row[Any]]:
    """Take up to `limit` free rows that meet `condition`, in one statement; two callers never get the same row.

    The rows come in no certain order.
    """
    wanted = and_(condition, free(table, now))
    rows = select(table.c.id).where(wanted).order_by(*order).limit(limit).with_for_update(skip_locked=True)
    # A CTE runs once. PostgreSQL may run a plain subquery again for each row it joins, and each run would skip the
    # rows it locked before: more than `limit` would be taken.
    chosen = rows.cte("chosen")
    taken = (
        update(table)
        .where(table.c.id.in_(select(chosen.c.id)), wanted)
        .values(
            lease_owner=owner,
            lease_token=secrets.token_hex(16),
            lease_expires_at=now + timedelta(seconds=lease_seconds),
        )
        .returning(*table.c)
    )
    return list(connection.execute(taken).all())


def lease_due(
    connection: Connection,
    table: Table,
    *,
    owner: str,
    now: datetime,
    limit: int,
    lease_seconds: float,
    condition: ColumnElement[bool] | None = None,
) -> list[Row[Any]]:
    """Take up to `limit` due rows that meet `condition`, oldest wake-up first."""
    rows = lease(
        connection,
        table,
        condition=due(table, now) if condition is None else and_(due(table, now), condition),
        order=[table.c.wake_at, table.c.id],
        owner=owner,
        now=now,
        limit=limit,
        lease_seconds=lease_seconds,
    )
    return sorted(rows, key=lambda row: (row.wake_at, row.id))


def write_leased(
    connection: Connection,
    table: Table,
    record: Leased,
    values: Mapping[str, Any],
    *,
    now: datetime,
    wake_at: datetime | None,
    release: bool,
    ended: bool = False,
) -> bool:
    """One UPDATE guarded by the record's lease token; False, and nothing changed, when the lease was lost."""
    if record.lease_token is None:
        return False
    changes: dict[str, Any] = {**values, "modified_at": now}
    woken = table.c.wake_count != record.wake_count
    changes["wake_at"] = None if ended else case((woken, literal(now, Moment)), else_=literal(wake_at, Moment))
    if release:
        changes.update(lease_owner=None, lease_token=None, lease_expires_at=None)
    guarded = update(table).where(table.c.id == record.id, table.c.lease_token == record.lease_token).values(changes)
    return connection.execute(guarded).rowcount == 1


def extend_lease(connection: Connection, table: Table, record: Leased, *, until: datetime) -> bool:
    """Hold the lease longer; False when it was lost meanwhile."""
    if record.lease_token is None:
        return False
    longer = (
        update(table)
        .where(table.c.id == record.id, table.c.lease_token == record.lease_token)
        .values(lease_expires_at=until)
    )
    return connection.execute(longer).rowcount == 1


def woken(table: Table, now: datetime) -> dict[str, Any]:
    """The values that make a row due at once, leased or not."""
    return {"wake_at": now, "wake_count": table.c.wake_count + 1}


def release_owned(connection: Connection, table: Table, owner: str) -> int:
    """Free every row that `owner` holds: what a server does for its own former life at its start."""
    freed = (
        update(table)
        .where(table.c.lease_owner == owner)
        .values(lease_owner=None, lease_token=None, lease_expires_at=None)
    )
    return connection.execute(freed).rowcount
