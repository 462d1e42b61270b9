"""A job as its controller sees it, and what a decision changes in it.

Both are frozen: a decider returns a `JobUpdate`, the store applies it in one guarded statement.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from modelyard.domain.statuses import JobStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class JobUpdate:
    """What changes in a job. A field that is None stays as it is, except `wake_at`; `error={}` clears an error.

    `wake_at` says when the job needs a look again: None means only when somebody wakes it (and always so for a job
    that ended). A wake-up that arrives while the job is leased is never lost: the job is then due at once, whatever
    `wake_at` says. `release=False` keeps the lease for a next step, which must work on `record.after(update)`.
    """

    status: JobStatus | None = None
    state: Mapping[str, Any] | None = None
    error: Mapping[str, Any] | None = None
    attempt: int | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    properties: Mapping[str, str] | None = None
    wake_at: datetime | None = None
    release: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRecord:
    """One row of the job table. `spec` is what the user wrote, resolved; `state` belongs to the controller."""

    id: int
    workspace: str
    name: str
    run_id: str
    kind: str
    parent_name: str | None
    experiment_name: str
    display_name: str
    description: str | None
    compute: str
    priority: int
    status: JobStatus
    spec: dict[str, Any]
    state: dict[str, Any]
    error: dict[str, Any] | None
    attempt: int
    cancel_requested: bool
    created_at: datetime
    modified_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    wake_at: datetime | None
    created_by: str
    archived: bool
    tags: dict[str, str]
    properties: dict[str, str]
    lease_owner: str | None = None
    lease_token: str | None = None
    lease_expires_at: datetime | None = None
    wake_count: int = 0
    pause_requested: bool = False

    def after(self, update: JobUpdate) -> JobRecord:
        """The record as it stands once `update` was applied: for the next step under the same lease."""
        changes: dict[str, Any] = {"wake_at": update.wake_at}
        for name in ("status", "attempt", "started_at", "ended_at"):
            value = getattr(update, name)
            if value is not None:
                changes[name] = value
        if update.state is not None:
            changes["state"] = dict(update.state)
        if update.properties is not None:
            changes["properties"] = dict(update.properties)
        if update.error is not None:
            changes["error"] = dict(update.error) or None
        if update.release:
            changes.update(lease_owner=None, lease_token=None, lease_expires_at=None)
        return replace(self, **changes)
