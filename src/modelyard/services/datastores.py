"""Datastores: where files are kept. Credentials go in and are never shown again."""

from __future__ import annotations

from modelyard.domain.datastore import Datastore
from modelyard.domain.errors import Conflict, InvalidInput
from modelyard.kit.paging import Page, PageOf
from modelyard.services.stored import creation_context, spec_of
from modelyard.services.workspaces import MANAGED_DATASTORES
from modelyard.store.records import DatastoreRecord
from modelyard.store.transaction import Transaction


def put(tx: Transaction, workspace: str, entity: Datastore) -> Datastore:
    """Create a datastore, or replace what it was; without credentials it keeps those it has."""
    if not entity.name:
        raise InvalidInput("A datastore needs a name.", field="name")
    _refuse_managed(entity.name, "changed")
    spec = spec_of(entity)
    credentials = spec.pop("credentials", None)
    record = tx.datastores.put(
        workspace,
        entity.name,
        kind=str(entity.type),
        spec=spec,
        credentials=credentials or None,
        description=entity.description,
        tags=entity.tags,
        properties=entity.properties,
    )
    return _entity(record)


def get(tx: Transaction, workspace: str, name: str) -> Datastore:
    """The datastore, without its credentials; NotFound names those there are."""
    return _entity(tx.datastores.get(workspace, name))


def default(tx: Transaction, workspace: str) -> Datastore:
    """The datastore that is taken when none is named."""
    return _entity(tx.datastores.default(workspace))


def set_default(tx: Transaction, workspace: str, name: str) -> Datastore:
    return _entity(tx.datastores.set_default(workspace, name))


def list_page(
    tx: Transaction, workspace: str, page: Page, *, text: str | None = None, kind: str | None = None
) -> PageOf[Datastore]:
    """Datastores by name."""
    return tx.datastores.list(workspace, page, text=text, kind=kind).map(_entity)


def delete(tx: Transaction, workspace: str, name: str) -> None:
    """Forget a datastore; its files stay. Conflict for the managed ones and for the default."""
    _refuse_managed(name, "deleted")
    if tx.datastores.get(workspace, name).is_default:
        raise Conflict(f"'{name}' is the default datastore.", field="name", mend="make another one the default first")
    tx.datastores.delete(workspace, name)


def _refuse_managed(name: str, what: str) -> None:
    if name in MANAGED_DATASTORES:
        raise Conflict(f"The datastore '{name}' belongs to the platform and cannot be {what}.", field="name")


def _entity(record: DatastoreRecord) -> Datastore:
    return Datastore.from_stored(
        {
            **record.spec,
            "type": record.kind,
            "name": record.name,
            "id": f"azureml://workspaces/{record.workspace}/datastores/{record.name}",
            "description": record.description,
            "tags": record.tags,
            "properties": record.properties,
            "is_default": record.is_default,
            "creation_context": creation_context(record),
        }
    )
