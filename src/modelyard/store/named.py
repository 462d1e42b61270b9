"""Repositories of things that a workspace holds under one name each: computes, datastores, endpoints."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from sqlalchemy import Row, Table, delete, insert, select, update

from modelyard.domain.errors import Conflict, NotFound, did_you_mean
from modelyard.kit.paging import Page, PageOf
from modelyard.store.failures import Duplicate
from modelyard.store.repository import Repository, as_record

if TYPE_CHECKING:
    from modelyard.store.transaction import Transaction

R = TypeVar("R")


class NamedRepository(Repository, Generic[R]):
    table: ClassVar[Table]
    # The word in messages, event types and, with an s, subjects.
    noun: ClassVar[str]

    def __init__(self, transaction: Transaction, record_class: Callable[..., R]) -> None:
        super().__init__(transaction)
        self._record_class = record_class
        self._fields = [field.name for field in fields(record_class)]  # type: ignore[arg-type]

    def get(self, workspace: str, name: str) -> R:
        """The row of that name; NotFound, with those there are, else."""
        found = self.find(workspace, name)
        if found is None:
            known = self.names(workspace)
            listed = ", ".join(known[:20]) or "none"
            mend = did_you_mean(name, known)
            raise NotFound(
                f"There is no {self.noun} '{name}' in workspace '{workspace}'. There are: {listed}.",
                field="name",
                mend=mend,
            )
        return found

    def find(self, workspace: str, name: str) -> R | None:
        row = self.connection.execute(select(self.table).where(*self._named(workspace, name))).one_or_none()
        return None if row is None else self._record(row)

    def names(self, workspace: str, limit: int = 200) -> list[str]:
        """Names in order, at most `limit`."""
        statement = select(self.table.c.name).where(self.table.c.workspace == workspace)
        return list(self.connection.execute(statement.order_by(self.table.c.name).limit(limit)).scalars())

    def list(
        self,
        workspace: str,
        page: Page,
        *,
        text: str | None = None,
        kind: str | None = None,
        tags: Mapping[str, str | None] | None = None,
    ) -> PageOf[R]:
        """Those that pass every condition, by name."""
        statement = select(self.table).where(self.table.c.workspace == workspace)
        if text:
            statement = statement.where(self.table.c.name.icontains(text, autoescape=True))
        if kind is not None:
            statement = statement.where(self.table.c.kind == kind)
        statement = statement.where(*[self.has_tag(self.table.c.tags, *tag) for tag in (tags or {}).items()])
        return self.page(statement, [self.table.c.name], page, self._record)

    def delete(self, workspace: str, name: str) -> None:
        """Remove the row; NotFound when there is none."""
        self.get(workspace, name)
        self.connection.execute(delete(self.table).where(*self._named(workspace, name)))
        self._emit("deleted", workspace, name)

    def _insert(self, workspace: str, name: str, values: Mapping[str, Any]) -> R:
        now = self.tx.now
        row = {"workspace": workspace, "name": name, "created_at": now, "modified_at": now, "created_by": self.tx.actor}
        row |= {"tags": {}, "properties": {}, **values}
        try:
            created = self.connection.execute(insert(self.table).values(row).returning(*self.table.c)).one()
        except Duplicate as error:
            raise Conflict(f"There is a {self.noun} '{name}' already.", field="name") from error
        self._emit("created", workspace, name)
        return self._record(created)

    def _change(self, workspace: str, name: str, values: Mapping[str, Any]) -> R:
        changes = {**values, "modified_at": self.tx.now}
        statement = update(self.table).where(*self._named(workspace, name)).values(changes).returning(*self.table.c)
        row = self.connection.execute(statement).one()
        self._emit("updated", workspace, name)
        return self._record(row)

    def _named(self, workspace: str, name: str) -> tuple[Any, Any]:
        return self.table.c.workspace == workspace, self.table.c.name == name

    def _record(self, row: Row[Any]) -> R:
        return as_record(self._record_class, row, self._fields)

    def _emit(self, verb: str, workspace: str, name: str, data: Mapping[str, Any] | None = None) -> None:
        self.tx.emit(f"modelyard.{self.noun}.{verb}", f"{self.noun}s/{name}", workspace=workspace, data=data)
