"""The stream of events, as CloudEvents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from modelyard.store.records import EventRecord
from modelyard.store.transaction import Transaction

MAX_EVENTS = 1000


def after(
    tx: Transaction,
    last_id: int,
    *,
    limit: int = 500,
    workspace: str | None = None,
    types: Sequence[str] | None = None,
    subject: str | None = None,
) -> list[dict[str, Any]]:
    """Events after `last_id`, oldest first; `workspace` None means every one, types may end in `*`."""
    workspaces = None if workspace is None else [workspace]
    limit = max(1, min(limit, MAX_EVENTS))
    found = tx.events.after(last_id, limit=limit, workspaces=workspaces, types=types, subject=subject)
    return [body(record) for record in found]


def last_id(tx: Transaction) -> int:
    """Where the stream ends now: what a reader starts after who wants only what is new."""
    return tx.events.last_id()


def body(record: EventRecord) -> dict[str, Any]:
    """A CloudEvent (1.0, JSON). `workspace` and `actor` are extension attributes."""
    event = record.event
    source = "/modelyard" if event.workspace is None else f"/modelyard/workspaces/{event.workspace}"
    attributes = {
        "specversion": "1.0",
        "id": str(record.id),
        "source": source,
        "type": event.type,
        "subject": event.subject,
        "time": event.time.isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "workspace": event.workspace,
        "actor": event.actor,
        "data": dict(event.data),
    }
    return {key: value for key, value in attributes.items() if value is not None}
