"""Instances: the scoring workers of deployments, as their controller knows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import Row, delete, insert, select, update

from modelyard.store.records import InstanceRecord
from modelyard.store.repository import Repository, as_record
from modelyard.store.rows.endpoints import INSTANCES

_FIELDS = [field.name for field in fields(InstanceRecord)]


class InstanceRepository(Repository):
    def create(
        self,
        workspace: str,
        endpoint: str,
        deployment: str,
        name: str,
        *,
        generation: int,
        status: str,
        handle: Mapping[str, Any] | None = None,
    ) -> InstanceRecord:
        """A new instance; NotFound without its deployment."""
        values = {
            "workspace": workspace,
            "endpoint": endpoint,
            "deployment": deployment,
            "name": name,
            "generation": generation,
            "status": status,
            "handle": dict(handle or {}),
            "created_at": self.tx.now,
            "modified_at": self.tx.now,
        }
        return _record(self.connection.execute(insert(INSTANCES).values(values).returning(*INSTANCES.c)).one())

    def list(
        self, workspace: str | None = None, endpoint: str | None = None, deployment: str | None = None
    ) -> Sequence[InstanceRecord]:
        """Instances of a deployment, an endpoint, a workspace, or all there are."""
        statement = select(INSTANCES).order_by(INSTANCES.c.id)
        wanted = {"workspace": workspace, "endpoint": endpoint, "deployment": deployment}
        for column, value in wanted.items():
            if value is not None:
                statement = statement.where(INSTANCES.c[column] == value)
        return [_record(row) for row in self.connection.execute(statement)]

    def set(
        self,
        instance: InstanceRecord,
        *,
        status: str,
        handle: Mapping[str, Any] | None = None,
        error: Mapping[str, Any] | None = None,
    ) -> None:
        """Write what was seen of an instance; `handle` and `error` None stay."""
        changes: dict[str, Any] = {"status": status, "modified_at": self.tx.now}
        if handle is not None:
            changes["handle"] = dict(handle)
        if error is not None:
            changes["error"] = dict(error)
        self.connection.execute(update(INSTANCES).where(INSTANCES.c.id == instance.id).values(changes))

    def delete(self, instance: InstanceRecord) -> None:
        self.connection.execute(delete(INSTANCES).where(INSTANCES.c.id == instance.id))


def _record(row: Row[Any]) -> InstanceRecord:
    return as_record(InstanceRecord, row, _FIELDS)
