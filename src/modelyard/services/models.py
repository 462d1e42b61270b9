"""Models: versions made, found, labelled and archived. MLflow's registry has the same rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelyard.domain.errors import InvalidInput, Unsupported
from modelyard.domain.model import Model
from modelyard.domain.references import AssetRef, RegistryRef, parse_asset_reference
from modelyard.kit.paging import Page, PageOf
from modelyard.services import lineage
from modelyard.services.asset_contents import content_hash
from modelyard.services.model_addresses import download_uri, job_of_run, own_uri, source_job
from modelyard.services.stored import creation_context, spec_of
from modelyard.store.repositories.assets import LATEST, AssetFilter
from modelyard.store.repositories.model_records import ModelRecord, ModelVersionRecord, NewModelVersion
from modelyard.store.transaction import Transaction


def create(tx: Transaction, workspace: str, entity: Model, *, job_name: str | None = None) -> Model:
    """A new version of `entity`'s name; the next number when it says none. Conflict when the version is there.

    A model whose files a job wrote has that job in its lineage.
    """
    tx.workspaces.get(workspace)
    if not entity.name:
        raise InvalidInput("A model needs a name.", field="name")
    if not entity.path:
        raise InvalidInput("There is nothing at no path.", field="path", mend="name a file, a folder or a URI")
    address = download_uri(tx, workspace, entity.path)
    job = job_name or source_job(tx, workspace, entity.path)
    record = tx.models.create_version(
        workspace,
        NewModelVersion(
            name=entity.name,
            version=entity.version,
            source=address,
            download_uri=address,
            spec=spec_of(entity),
            run_id=_run_id(tx, workspace, job),
            description=entity.description,
            tags=entity.tags,
            properties=entity.properties,
            content_hash=content_hash(entity),
            job_name=job,
            stage=entity.stage,
        ),
    )
    if job is not None:
        lineage.record_produced(tx, workspace, job, lineage.asset_node("model", record.name, record.version))
    return model_entity(record)


def get(tx: Transaction, workspace: str, name: str, version: str) -> Model:
    """That version; NotFound, with a near name or the versions there are, else."""
    return model_entity(tx.models.get(workspace, name, version))


def by_label(tx: Transaction, workspace: str, name: str, label: str) -> Model:
    """The version under a label; `latest` is the newest that is not archived."""
    return model_entity(tx.models.by_label(workspace, name, label))


def resolve(
    tx: Transaction, workspace: str, reference: str | AssetRef | RegistryRef, *, field: str | None = None
) -> Model:
    """The version that a reference means now: its own, its label's, or the latest when it says neither."""
    parsed = parse_asset_reference(reference, "model", field=field) if isinstance(reference, str) else reference
    if isinstance(parsed, RegistryRef):
        raise Unsupported(f"'{parsed}': there is no registry '{parsed.registry}' here.", field=field)
    if parsed.workspace not in (None, workspace):
        raise InvalidInput(f"'{parsed}' is in another workspace than '{workspace}'.", field=field)
    if parsed.version is not None:
        return get(tx, workspace, parsed.name, parsed.version)
    return by_label(tx, workspace, parsed.name, parsed.label or LATEST)


def list_page(tx: Transaction, workspace: str, page: Page, filter: AssetFilter | None = None) -> PageOf[Model]:
    """One row for each name, newest first, looking like its latest version with `latest_version` in place of it."""
    return tx.models.list(workspace, page, filter).map(_of_name)


def list_versions(
    tx: Transaction, workspace: str, name: str, page: Page, filter: AssetFilter | None = None
) -> PageOf[Model]:
    """Versions of a name, newest first."""
    return tx.models.list_versions(workspace, name, page, filter).map(model_entity)


def get_name(tx: Transaction, workspace: str, name: str) -> Model:
    """The row of a name, with its labels."""
    row = _of_name(tx.models.container(workspace, name))
    latest = {LATEST: row.latest_version} if row.latest_version else {}
    return Model.from_stored({**row.to_dict(), "labels": {**latest, **tx.models.labels(workspace, name)}})


def edit(
    tx: Transaction,
    workspace: str,
    name: str,
    version: str | None = None,
    *,
    description: str | None = None,
    tags: Mapping[str, str] | None = None,
    properties: Mapping[str, str] | None = None,
    archived: bool | None = None,
    stage: str | None = None,
) -> Model:
    """Change what is not content, of a version or (version None) of the name itself; None stays."""
    if stage is not None and version is None:
        raise InvalidInput("A version has a stage; the name of a model has none.", field="stage")
    if not (description is None and tags is None and properties is None and stage is None):
        changes = {"description": description, "tags": tags, "properties": properties, "stage": stage}
        tx.models.edit(workspace, name, version, **changes)  # type: ignore[arg-type]
    if archived is not None:
        tx.models.set_archived(workspace, name, version, archived=archived)
    return get_name(tx, workspace, name) if version is None else get(tx, workspace, name, version)


def set_label(tx: Transaction, workspace: str, name: str, label: str, version: str) -> Model:
    """Put a label, MLflow's alias, on a version, taking it from the one that had it."""
    tx.models.set_label(workspace, name, label, version)
    return get(tx, workspace, name, version)


def remove_label(tx: Transaction, workspace: str, name: str, label: str) -> None:
    tx.models.remove_label(workspace, name, label)


def adopt(tx: Transaction, workspace: str, name: str, number: int) -> bool:
    """Take note of a version that MLflow's registry made: its event and its lineage. False when that was done."""
    record = tx.models.by_number(workspace, name, number)
    if record is None:
        return False
    job = None if record.run_id is None else job_of_run(tx, workspace, record.run_id)
    spec = {"type": "mlflow_model", "path": own_uri(record.download_uri)}
    if not tx.models.adopt_version(record, spec=spec, job_name=job):
        return False
    if job is not None:
        lineage.record_produced(tx, workspace, job, lineage.asset_node("model", name, record.version))
    return True


def adopt_all(tx: Transaction) -> int:
    """Adopt whatever MLflow's registry made while nobody could take note; how many versions."""
    return sum(adopt(tx, *found) for found in tx.models.unadopted())


def model_entity(record: ModelVersionRecord) -> Model:
    """A version as its entity."""
    return Model.from_stored(_body(record))


def _of_name(record: ModelRecord) -> Model:
    body: dict[str, Any] = {}
    if record.latest is not None:
        body = _body(record.latest) | {"latest_version": record.latest.version}
    body |= {
        "name": record.name,
        "id": str(AssetRef(record.name, kind="model", workspace=record.workspace)),
        "version": None,
        "archived": record.archived,
        "description": record.description or body.get("description"),
        "tags": {**body.get("tags", {}), **record.tags},
        "properties": {**body.get("properties", {}), **record.properties},
        "creation_context": creation_context(record),
    }
    return Model.from_stored(body)


def _body(record: ModelVersionRecord) -> dict[str, Any]:
    reference = AssetRef(record.name, record.version, kind="model", workspace=record.workspace)
    return {
        **record.spec,
        "path": record.spec.get("path") or own_uri(record.download_uri),
        "stage": record.stage,
        "name": record.name,
        "version": record.version,
        "id": str(reference),
        "description": record.description,
        "tags": record.tags,
        "properties": record.properties,
        "archived": record.archived,
        "content_hash": record.content_hash,
        "job_name": record.job_name,
        "run_id": record.run_id,
        "creation_context": creation_context(record),
    }


def _run_id(tx: Transaction, workspace: str, job: str | None) -> str | None:
    found = None if job is None else tx.jobs.find(workspace, job)
    return None if found is None else found.run_id
