"""Workspaces: made with the datastores and the compute that everything else expects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelyard.domain.errors import Conflict, InvalidInput
from modelyard.domain.statuses import JobStatus
from modelyard.domain.workspace import Workspace
from modelyard.kit.paging import Page, PageOf
from modelyard.services.stored import creation_context, spec_of
from modelyard.store.records import WorkspaceRecord
from modelyard.store.transaction import Transaction

DEFAULT_WORKSPACE = "default"
LOCAL_COMPUTE = "local"
BLOB_DATASTORE = "workspaceblobstore"
# Name and what it is for; the first is taken when none is named.
MANAGED_DATASTORES: Mapping[str, str] = {
    BLOB_DATASTORE: "Uploads and outputs.",
    "workspaceartifactstore": "Artifacts and logs of runs.",
    "workspacefilestore": "Files of people.",
    "workspaceworkingdirectory": "Working directories.",
}
_COLUMNS = ("display_name", "subscription_id", "resource_group", "location")


def create(tx: Transaction, entity: Workspace) -> Workspace:
    """A new workspace with its managed datastores and the compute `local`. Conflict when the name is taken."""
    if not entity.name:
        raise InvalidInput("A workspace needs a name.", field="name")
    record = tx.workspaces.create(entity.name, **_values(entity))
    for name, description in MANAGED_DATASTORES.items():
        spec = {"type": "local_folder", "path": f"storage/{entity.name}/{name}"}
        tx.datastores.put(entity.name, name, kind="local_folder", spec=spec, description=description)
    tx.datastores.set_default(entity.name, BLOB_DATASTORE)
    tx.computes.put(
        entity.name, LOCAL_COMPUTE, kind="local", spec={"type": "local"}, description="The server's own machine."
    )
    return _entity(record)


def ensure_default(tx: Transaction) -> None:
    """See to it that the workspace `default` is there: called at the first start."""
    if tx.workspaces.find(DEFAULT_WORKSPACE) is None:
        create(tx, Workspace(name=DEFAULT_WORKSPACE, description="The workspace that is taken when none is named."))


def get(tx: Transaction, name: str) -> Workspace:
    return _entity(tx.workspaces.get(name))


def list_page(tx: Transaction, page: Page, *, only: str | None = None) -> PageOf[Workspace]:
    """Workspaces by name; `only` bounds the list to the one that the caller may see."""
    if only is not None:
        found = tx.workspaces.find(only)
        return PageOf([_entity(found)] if found else [])
    return tx.workspaces.list(page).map(_entity)


def update(tx: Transaction, name: str, entity: Workspace) -> Workspace:
    """Replace what the workspace says of itself by `entity`; its name stays."""
    if entity.name not in (None, name):
        raise InvalidInput("A workspace cannot be renamed.", field="name")
    return _entity(tx.workspaces.edit(name, **_values(entity)))


def edit(tx: Transaction, name: str, changes: Mapping[str, Any]) -> Workspace:
    """Change the given fields, as they stand in the YAML; unknown ones are InvalidInput."""
    before = {key: value for key, value in _entity(tx.workspaces.get(name)).to_dict().items() if key in _writable()}
    return update(tx, name, Workspace.from_dict({**before, **changes, "name": name}))


def delete(tx: Transaction, name: str) -> None:
    """Delete an empty or finished workspace with its assets and jobs; Conflict while something runs in it."""
    if name == DEFAULT_WORKSPACE:
        raise Conflict("The workspace 'default' cannot be deleted.", field="name")
    tx.workspaces.get(name)
    running = sum(count for status, count in tx.jobs.count_by_status(workspace=name).items() if _unfinished(status))
    endpoints = tx.endpoints.names(name)
    if running or endpoints:
        held = f"{running} unfinished jobs" if running else f"the endpoints {', '.join(endpoints[:10])}"
        raise Conflict(f"Workspace '{name}' still has {held}.", field="name", mend="cancel or delete them first")
    tx.workspaces.delete(name)


def _unfinished(status: JobStatus) -> bool:
    return not status.terminal


def _writable() -> set[str]:
    return set(Workspace.model_fields) - Workspace.read_only_fields()


def _values(entity: Workspace) -> dict[str, Any]:
    columns = {key: getattr(entity, key) for key in _COLUMNS}
    spec = {key: value for key, value in spec_of(entity).items() if key not in _COLUMNS}
    texts = {"description": entity.description, "tags": dict(entity.tags), "properties": dict(entity.properties)}
    return {**columns, **texts, "spec": spec}


def _entity(record: WorkspaceRecord) -> Workspace:
    body = {
        **record.spec,
        **{key: getattr(record, key) for key in _COLUMNS},
        "name": record.name,
        "id": f"azureml://workspaces/{record.name}",
        "description": record.description,
        "tags": record.tags,
        "properties": record.properties,
        "default_datastore": BLOB_DATASTORE,
        "creation_context": creation_context(record),
    }
    return Workspace.from_stored(body)
