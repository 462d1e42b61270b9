"""Workspaces: the boundary of names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from sqlalchemy import Row, column, delete, insert, select, table, update

from modelyard.domain.errors import Conflict, NotFound, did_you_mean
from modelyard.kit.paging import Page, PageOf
from modelyard.store.failures import Duplicate
from modelyard.store.records import WorkspaceRecord
from modelyard.store.repository import Repository, as_record
from modelyard.store.rows.workspaces import WORKSPACES

_SHOWN_NAMES = 10
_FIELDS = [field.name for field in fields(WorkspaceRecord)]
_EDITABLE = (
    "display_name",
    "description",
    "subscription_id",
    "resource_group",
    "location",
    "spec",
    "tags",
    "properties",
)
# Their tags, versions and aliases follow by foreign keys.
_MLFLOW_TABLES = [
    table(name, column("workspace")) for name in ("experiments", "registered_models", "evaluation_datasets", "webhooks")
]


class WorkspaceRepository(Repository):
    def create(self, name: str, **values: Any) -> WorkspaceRecord:
        """Write a new workspace; `values` as in the record. Conflict when the name is taken."""
        now = self.tx.now
        row = {"spec": {}, "tags": {}, "properties": {}, **_editable(values)}
        row |= {"name": name, "created_at": now, "modified_at": now, "created_by": self.tx.actor}
        try:
            created = self.connection.execute(insert(WORKSPACES).values(row).returning(*WORKSPACES.c)).one()
        except Duplicate as error:
            raise Conflict(f"A workspace named '{name}' exists already.", field="name") from error
        self._emit("created", name)
        return _record(created)

    def get(self, name: str) -> WorkspaceRecord:
        found = self.find(name)
        if found is None:
            names = self.names()
            shown = ", ".join(names[:_SHOWN_NAMES])
            there_are = f"there are: {shown}; create it: modelyard workspace create --name <name>"
            raise NotFound(
                f"There is no workspace '{name}'.", field="workspace", mend=did_you_mean(name, names) or there_are
            )
        return found

    def find(self, name: str) -> WorkspaceRecord | None:
        row = self.connection.execute(select(WORKSPACES).where(WORKSPACES.c.name == name)).one_or_none()
        return None if row is None else _record(row)

    def names(self, limit: int = 200) -> list[str]:
        return list(
            self.connection.execute(select(WORKSPACES.c.name).order_by(WORKSPACES.c.name).limit(limit)).scalars()
        )

    def list(self, page: Page, *, tags: Mapping[str, str | None] | None = None) -> PageOf[WorkspaceRecord]:
        """Workspaces by name."""
        statement = select(WORKSPACES).where(*[self.has_tag(WORKSPACES.c.tags, *tag) for tag in (tags or {}).items()])
        return self.page(statement, [WORKSPACES.c.name], page, _record)

    def edit(self, name: str, **values: Any) -> WorkspaceRecord:
        """Change the given fields; NotFound when there is no such workspace."""
        self.get(name)
        changes = _editable(values) | {"modified_at": self.tx.now}
        statement = update(WORKSPACES).where(WORKSPACES.c.name == name).values(changes).returning(*WORKSPACES.c)
        row = self.connection.execute(statement).one()
        self._emit("updated", name)
        return _record(row)

    def delete(self, name: str) -> None:
        """Delete the workspace and every row of ours in it; events and files stay.

        Its MLflow rows are set aside under a name that no workspace can have, so that a later workspace of the
        same name begins empty, and nothing that was measured is lost by a slip.
        """
        record = self.get(name)
        for its in _MLFLOW_TABLES:
            statement = update(its).where(its.c.workspace == name).values(workspace=f"~deleted-{record.id}")
            self.connection.execute(statement)
        self.connection.execute(delete(WORKSPACES).where(WORKSPACES.c.name == name))
        self._emit("deleted", name)

    def _emit(self, verb: str, name: str) -> None:
        self.tx.emit(f"modelyard.workspace.{verb}", f"workspaces/{name}", workspace=name)


def _editable(values: Mapping[str, Any]) -> dict[str, Any]:
    unknown = set(values) - set(_EDITABLE)
    if unknown:
        raise TypeError(f"a workspace has no {sorted(unknown)}")
    return dict(values)


def _record(row: Row[Any]) -> WorkspaceRecord:
    return as_record(WorkspaceRecord, row, _FIELDS)
