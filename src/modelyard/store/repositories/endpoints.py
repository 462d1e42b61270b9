"""Online endpoints: addresses with weights and keys."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import Row, select, update

from modelyard.domain.errors import Conflict
from modelyard.domain.statuses import ProvisioningState
from modelyard.kit.ids import random_text
from modelyard.store.named import NamedRepository
from modelyard.store.provisioning import ProvisionedRepository
from modelyard.store.records import EndpointRecord
from modelyard.store.rows.endpoints import ENDPOINTS

if TYPE_CHECKING:
    from modelyard.store.transaction import Transaction

KeyName = Literal["primary", "secondary"]
_KEY_LENGTH = 52


@dataclass(frozen=True, slots=True)
class EndpointKeys:
    primary: str
    secondary: str

    @classmethod
    def new(cls) -> EndpointKeys:
        return cls(random_text(_KEY_LENGTH), random_text(_KEY_LENGTH))


class EndpointRepository(NamedRepository[EndpointRecord], ProvisionedRepository[EndpointRecord]):
    table = ENDPOINTS
    noun = "endpoint"

    def __init__(self, transaction: Transaction) -> None:
        super().__init__(transaction, EndpointRecord)

    def create(
        self,
        workspace: str,
        name: str,
        *,
        spec: Mapping[str, Any],
        auth_mode: str = "key",
        traffic: Mapping[str, int] | None = None,
        mirror_traffic: Mapping[str, int] | None = None,
        description: str | None = None,
        tags: Mapping[str, str] | None = None,
        properties: Mapping[str, str] | None = None,
        keys: EndpointKeys | None = None,
    ) -> EndpointRecord:
        """A new endpoint at Creating, due at once; its keys are made here unless given."""
        values = {
            "spec": dict(spec),
            "auth_mode": auth_mode,
            "traffic": dict(traffic or {}),
            "mirror_traffic": dict(mirror_traffic or {}),
            "description": description,
            "tags": dict(tags or {}),
            "properties": dict(properties or {}),
            "status": ProvisioningState.CREATING.value,
            "state": {},
            "spec_generation": 1,
            "observed_generation": 0,
            "wake_at": self.tx.now,
            "wake_count": 0,
            **self._sealed(keys or EndpointKeys.new()),
        }
        return self._insert(workspace, name, values)

    def change(self, workspace: str, name: str, **values: Any) -> EndpointRecord:
        """What a user changes: spec, traffic, mirror_traffic, auth_mode, description, tags, properties."""
        return self._ask(self._locked(workspace, name), values, ProvisioningState.UPDATING)

    def request_delete(self, workspace: str, name: str) -> EndpointRecord:
        """Ask the controller to take it down; asking again changes nothing."""
        record = self._locked(workspace, name)
        if record.status is ProvisioningState.DELETING:
            return record
        return self._ask(record, {}, ProvisioningState.DELETING)

    def remove(self, record: EndpointRecord) -> None:
        """Forget the row, its deployments and their instances: the controller's last step."""
        self._remove(record)

    def wake(self, workspace: str, name: str) -> None:
        self.wake_id(self.get(workspace, name).id)

    def keys(self, workspace: str, name: str) -> EndpointKeys:
        """Both keys in the clear, to be shown to who may see them. Never log them."""
        self.get(workspace, name)
        sealed = self.connection.execute(select(ENDPOINTS.c.sealed_keys).where(*self._named(workspace, name))).scalar()
        if sealed is None:
            raise Conflict(f"Endpoint '{name}' has no keys.", field="auth_mode")
        return EndpointKeys(**self.tx.secrets.open(sealed))

    def replace_key(self, workspace: str, name: str, which: KeyName, key: str | None = None) -> EndpointKeys:
        """A new key in place of one of the two; the endpoint is due at once, so that its routing learns of it."""
        record = self._locked(workspace, name)
        now = self.keys(workspace, name)
        new = key or random_text(_KEY_LENGTH)
        keys = EndpointKeys(new, now.secondary) if which == "primary" else EndpointKeys(now.primary, new)
        changes = {**self._sealed(keys), "modified_at": self.tx.now}
        self.connection.execute(update(ENDPOINTS).where(ENDPOINTS.c.id == record.id).values(changes))
        self.wake_id(record.id)
        self._emit("key_replaced", workspace, name, {"key": which})
        return keys

    def _sealed(self, keys: EndpointKeys) -> dict[str, Any]:
        return {
            "sealed_keys": self.tx.secrets.seal({"primary": keys.primary, "secondary": keys.secondary}),
            "primary_key_hash": hashlib.sha256(keys.primary.encode()).hexdigest(),
            "secondary_key_hash": hashlib.sha256(keys.secondary.encode()).hexdigest(),
        }

    def _locked(self, workspace: str, name: str) -> EndpointRecord:
        """The record, which no other transaction changes until this one ends."""
        row = self.connection.execute(
            select(ENDPOINTS).where(*self._named(workspace, name)).with_for_update()
        ).one_or_none()
        return self.get(workspace, name) if row is None else self._record(row)

    def _record(self, row: Row[Any]) -> EndpointRecord:
        values = {name: row._mapping[name] for name in self._fields}
        return EndpointRecord(**{**values, "status": ProvisioningState(values["status"])})

    def _emit_of(self, record: EndpointRecord, verb: str, data: Mapping[str, Any]) -> None:
        self._emit(verb, record.workspace, record.name, data)
