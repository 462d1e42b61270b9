"""Datastores: where files are kept; their credentials are sealed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, select, update

from modelyard.domain.errors import NotFound
from modelyard.store.named import NamedRepository
from modelyard.store.records import DatastoreRecord
from modelyard.store.rows.datastores import DATASTORES

if TYPE_CHECKING:
    from modelyard.store.transaction import Transaction


class DatastoreRepository(NamedRepository[DatastoreRecord]):
    table = DATASTORES
    noun = "datastore"

    def __init__(self, transaction: Transaction) -> None:
        super().__init__(transaction, DatastoreRecord)
        self._fields.remove("has_credentials")

    def put(
        self,
        workspace: str,
        name: str,
        *,
        kind: str,
        spec: Mapping[str, Any],
        credentials: Mapping[str, Any] | None = None,
        description: str | None = None,
        tags: Mapping[str, str] | None = None,
        properties: Mapping[str, str] | None = None,
    ) -> DatastoreRecord:
        """Create it, or replace what it was; `credentials` None keeps those it has, {} forgets them."""
        values: dict[str, Any] = {
            "kind": kind,
            "spec": dict(spec),
            "description": description,
            "tags": dict(tags or {}),
            "properties": dict(properties or {}),
        }
        if credentials is not None:
            values["sealed_credentials"] = self.tx.secrets.seal(credentials) if credentials else None
        if self.find(workspace, name) is None:
            return self._insert(workspace, name, {"is_default": False, **values})
        return self._change(workspace, name, values)

    def credentials(self, workspace: str, name: str) -> dict[str, Any]:
        """The secrets of a datastore in the clear, {} when it has none. Never show, log or record them."""
        statement = select(DATASTORES.c.sealed_credentials).where(*self._named(workspace, name))
        sealed = self.connection.execute(statement).scalar()
        return {} if sealed is None else self.tx.secrets.open(sealed)

    def default(self, workspace: str) -> DatastoreRecord:
        """The datastore that is taken when none is named."""
        statement = select(DATASTORES).where(DATASTORES.c.workspace == workspace, DATASTORES.c.is_default)
        row = self.connection.execute(statement).first()
        if row is None:
            raise NotFound(f"Workspace '{workspace}' has no default datastore.", field="datastore")
        return self._record(row)

    def set_default(self, workspace: str, name: str) -> DatastoreRecord:
        """Make it the default, in place of the one before."""
        self.get(workspace, name)
        of_workspace = DATASTORES.c.workspace == workspace
        self.connection.execute(update(DATASTORES).where(of_workspace).values(is_default=DATASTORES.c.name == name))
        self._emit("default_changed", workspace, name)
        return self.get(workspace, name)

    def _record(self, row: Row[Any]) -> DatastoreRecord:
        values = {name: row._mapping[name] for name in self._fields}
        return DatastoreRecord(**values, has_credentials=row.sealed_credentials is not None)
