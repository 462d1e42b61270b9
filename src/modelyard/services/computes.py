"""Computes: named targets of jobs."""

from __future__ import annotations

from modelyard.domain.compute import Compute
from modelyard.domain.errors import Conflict, InvalidInput, NotFound, did_you_mean
from modelyard.domain.statuses import JobStatus
from modelyard.kit.paging import Page, PageOf
from modelyard.services.stored import creation_context, spec_of
from modelyard.services.workspaces import LOCAL_COMPUTE
from modelyard.store.records import ComputeRecord
from modelyard.store.transaction import Transaction

# Names that Azure ML gives to "no cluster of my own".
_SERVERLESS = frozenset({"", "serverless", "azureml:serverless"})
_CREATE = "create one with: modelyard compute create --name <name> --type local"


def put(tx: Transaction, workspace: str, entity: Compute) -> Compute:
    """Create a compute, or replace what it was."""
    if not entity.name:
        raise InvalidInput("A compute needs a name.", field="name")
    kind = str(entity.type)
    if entity.name == LOCAL_COMPUTE and kind != "local":
        raise InvalidInput("The compute 'local' is this machine and stays of the type 'local'.", field="type")
    record = tx.computes.put(
        workspace,
        entity.name,
        kind=kind,
        spec=spec_of(entity),
        description=entity.description,
        tags=entity.tags,
        properties=entity.properties,
    )
    return _entity(record)


def get(tx: Transaction, workspace: str, name: str) -> Compute:
    return _entity(require(tx, workspace, name, field="name"))


def list_page(
    tx: Transaction, workspace: str, page: Page, *, text: str | None = None, kind: str | None = None
) -> PageOf[Compute]:
    """Computes by name."""
    return tx.computes.list(workspace, page, text=text, kind=kind).map(_entity)


def delete(tx: Transaction, workspace: str, name: str) -> None:
    """Remove a compute; Conflict for `local`, and while unfinished jobs name it."""
    require(tx, workspace, name, field="name")
    if name == LOCAL_COMPUTE:
        raise Conflict("The compute 'local' is this machine and cannot be deleted.", field="name")
    counts = tx.jobs.count_by_status(workspace=workspace, compute=name)
    waiting = sum(count for status, count in counts.items() if not JobStatus(status).terminal)
    if waiting:
        raise Conflict(
            f"{waiting} unfinished jobs are on the compute '{name}'.", field="name", mend="cancel them, or wait"
        )
    tx.computes.delete(workspace, name)


def target(tx: Transaction, workspace: str, name: str | None, *, field: str = "compute") -> ComputeRecord:
    """The compute a job asks for; none, and `serverless`, mean this machine. NotFound names those there are."""
    return require(tx, workspace, LOCAL_COMPUTE if name is None or name in _SERVERLESS else name, field=field)


def require(tx: Transaction, workspace: str, name: str, *, field: str) -> ComputeRecord:
    found = tx.computes.find(workspace, name)
    if found is not None:
        return found
    tx.workspaces.get(workspace)
    known = tx.computes.names(workspace)
    near = did_you_mean(name, known)
    raise NotFound(
        f"There is no compute '{name}' in workspace '{workspace}'. There are: {', '.join(known[:20]) or 'none'}.",
        field=field,
        mend=f"{near} Or {_CREATE}" if near else _CREATE,
    )


def _entity(record: ComputeRecord) -> Compute:
    return Compute.from_stored(
        {
            **record.spec,
            "type": record.kind,
            "name": record.name,
            "id": f"azureml://workspaces/{record.workspace}/computes/{record.name}",
            "description": record.description,
            "tags": record.tags,
            "properties": record.properties,
            "provisioning_state": "Succeeded",
            "created_on": record.created_at.isoformat(),
            "creation_context": creation_context(record),
        }
    )
