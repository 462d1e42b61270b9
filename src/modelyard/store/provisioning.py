"""Repositories of what is provisioned: rows with a spec that users change and a status that a controller moves."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from sqlalchemy import Row, Table, case, delete, literal, select, update

from modelyard.domain.errors import Conflict
from modelyard.domain.statuses import ProvisioningState, check_provisioning_transition
from modelyard.store import leasing
from modelyard.store.records import ProvisioningUpdate
from modelyard.store.repository import Repository
from modelyard.store.rows.columns import Moment


class Provisioned(leasing.Leased, Protocol):
    @property
    def workspace(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def status(self) -> ProvisioningState: ...
    @property
    def spec_generation(self) -> int: ...


P = TypeVar("P", bound=Provisioned)


class ProvisionedRepository(Repository, Generic[P]):
    """Users change the spec and count it in `spec_generation`; the lease holder changes status and state.

    A spec that changes under the lease wins: the holder's state is kept, its status is not, and the row is due at once.
    """

    table: ClassVar[Table]
    noun: ClassVar[str]

    @abstractmethod
    def _record(self, row: Row[Any]) -> P: ...

    @abstractmethod
    def _emit_of(self, record: P, verb: str, data: Mapping[str, Any]) -> None: ...

    def lease_due(self, owner: str, now: datetime, limit: int, lease_seconds: float) -> Sequence[P]:
        """Take up to `limit` rows that need a look, the longest due first; no two callers get the same one."""
        rows = leasing.lease_due(
            self.connection, self.table, owner=owner, now=now, limit=limit, lease_seconds=lease_seconds
        )
        return [self._record(row) for row in rows]

    def apply(self, record: P, update: ProvisioningUpdate) -> bool:
        """Write a decision; False, and nothing written, when the lease was lost.

        Raises IllegalTransition for a status that cannot follow the record's. After a kept lease, read again.
        """
        changed = update.status is not None and update.status is not record.status
        values: dict[str, Any] = {}
        if update.state is not None:
            values["state"] = dict(update.state)
        if update.error is not None:
            values["error"] = dict(update.error) or None
        if update.observed_generation is not None:
            values["observed_generation"] = update.observed_generation
        if update.status is not None and changed:
            check_provisioning_transition(record.name, record.status, update.status)
            same = self.table.c.spec_generation == record.spec_generation
            values["status"] = case((same, update.status.value), else_=self.table.c.status)
        applied = leasing.write_leased(
            self.connection,
            self.table,
            record,
            values,
            now=self.tx.now,
            wake_at=update.wake_at,
            release=update.release,
        )
        if applied and update.status is not None and changed and self._status(record) == update.status.value:
            self._emit_of(record, "status_changed", {"from": record.status.value, "to": update.status.value})
        return applied

    def extend_lease(self, record: P, seconds: float) -> bool:
        """Hold the lease `seconds` from now on; False when it was lost."""
        return leasing.extend_lease(self.connection, self.table, record, until=self.tx.now + timedelta(seconds=seconds))

    def release(self, owner: str) -> int:
        """Free what `owner` held in a former life of this server; answers how many."""
        return leasing.release_owned(self.connection, self.table, owner)

    def wake_id(self, row_id: int, at: datetime | None = None) -> None:
        """Make a row due now, leased or not; or at `at`, unless it is due sooner."""
        moment = literal(at or self.tx.now, Moment)
        sooner = case((self.table.c.wake_at < moment, self.table.c.wake_at), else_=moment)
        counted = {"wake_at": sooner, "wake_count": self.table.c.wake_count + 1}
        self.connection.execute(update(self.table).where(self.table.c.id == row_id).values(counted))

    def wake_all(self) -> int:
        """Make every row due: what a server does at its start."""
        return self.connection.execute(update(self.table).values(leasing.woken(self.table, self.tx.now))).rowcount

    def all(self) -> Sequence[P]:
        """Every row of every workspace: there are as many as there are processes to run, not as there are requests."""
        rows = self.connection.execute(select(self.table).order_by(self.table.c.id)).all()
        return [self._record(row) for row in rows]

    def _ask(self, record: P, values: Mapping[str, Any], status: ProvisioningState) -> P:
        """A user's change: a new generation at `status` (kept where the way to it is not open yet), due at once."""
        if record.status in (ProvisioningState.DELETING, ProvisioningState.DELETED):
            raise Conflict(f"The {self.noun} '{record.name}' is being deleted.", field="name")
        changes = {
            **values,
            "modified_at": self.tx.now,
            "spec_generation": self.table.c.spec_generation + 1,
            **leasing.woken(self.table, self.tx.now),
        }
        busy = record.status in (ProvisioningState.CREATING, ProvisioningState.UPDATING, ProvisioningState.SCALING)
        after = record.status if busy and status is not ProvisioningState.DELETING else status
        changes["status"] = after.value
        statement = update(self.table).where(self.table.c.id == record.id).values(changes).returning(*self.table.c)
        asked = self._record(self.connection.execute(statement).one())
        verb = "delete_requested" if status is ProvisioningState.DELETING else "updated"
        self._emit_of(record, verb, {"fields": sorted(values), "generation": asked.spec_generation})
        if after is not record.status:
            self._emit_of(record, "status_changed", {"from": record.status.value, "to": after.value})
        return asked

    def _remove(self, record: P) -> None:
        self.connection.execute(delete(self.table).where(self.table.c.id == record.id))
        self._emit_of(record, "deleted", {})

    def _status(self, record: P) -> str | None:
        return self.connection.execute(select(self.table.c.status).where(self.table.c.id == record.id)).scalar()
