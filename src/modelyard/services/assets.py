"""Assets of every kind but models: versions made, found, labelled and archived."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelyard.domain.asset import Asset
from modelyard.domain.code import Code
from modelyard.domain.curated import curated
from modelyard.domain.data import Data
from modelyard.domain.environment import Environment
from modelyard.domain.errors import InvalidInput, NotFound, Unsupported
from modelyard.domain.references import AssetRef, RegistryRef, parse_asset_reference
from modelyard.kinds.components import Component
from modelyard.kit.paging import Page, PageOf
from modelyard.services import curated_environments
from modelyard.services.asset_contents import check_content, content_hash
from modelyard.services.stored import creation_context, spec_of
from modelyard.store.records import AssetContainer, AssetKind, AssetRecord
from modelyard.store.repositories.assets import LATEST, AssetFilter, NewVersion
from modelyard.store.transaction import Transaction

ANONYMOUS_NAMES: Mapping[AssetKind, str] = {
    AssetKind.ENVIRONMENT: "CliV2AnonymousEnvironment",
    AssetKind.CODE: "CliV2AnonymousCode",
    AssetKind.DATA: "CliV2AnonymousData",
    AssetKind.COMPONENT: "azureml_anonymous",
}
_CLASSES: Mapping[AssetKind, type[Asset]] = {
    AssetKind.DATA: Data,
    AssetKind.ENVIRONMENT: Environment,
    AssetKind.CODE: Code,
    AssetKind.COMPONENT: Component,
}


def create(
    tx: Transaction,
    workspace: str,
    kind: AssetKind,
    entity: Asset,
    *,
    job_name: str | None = None,
    anonymous: bool = False,
) -> Asset:
    """A new version of `entity`'s name; the next number when it says none. Conflict when the version is there.

    An anonymous one, or an environment or code without a name, is named by its content and made once.
    """
    entity_class(kind)
    tx.workspaces.get(workspace)
    if kind is not AssetKind.COMPONENT:  # those are checked by services/components.py
        check_content(tx, workspace, entity)
    hashed = content_hash(entity)
    if entity.name is None and kind is AssetKind.DATA and not anonymous:
        raise InvalidInput("A data asset needs a name.", field="name")
    anonymous = anonymous or entity.name is None
    new = NewVersion(
        name=ANONYMOUS_NAMES[kind] if anonymous else str(entity.name),
        version=hashed if anonymous else entity.version,
        spec=spec_of(entity),
        description=entity.description,
        tags=entity.tags,
        properties=entity.properties,
        content_hash=hashed,
        job_name=job_name,
        anonymous=anonymous,
    )
    return _entity(tx.assets.create_version(workspace, kind, new))


def get(tx: Transaction, workspace: str, kind: AssetKind, name: str, version: str) -> Asset:
    """That version; NotFound, with a near name or the versions there are, else."""
    known = curated_environments.known(kind, name, version)
    if known is not None:
        return known
    return _entity(tx.assets.get(workspace, kind, name, version))


def by_label(tx: Transaction, workspace: str, kind: AssetKind, name: str, label: str) -> Asset:
    """The version under a label; `latest` is the newest that is not archived."""
    known = curated_environments.known(kind, name)
    if known is not None and label == LATEST:
        return known
    return _entity(tx.assets.by_label(workspace, kind, name, label))


def resolve(
    tx: Transaction,
    workspace: str,
    reference: str | AssetRef | RegistryRef,
    kind: AssetKind,
    *,
    field: str | None = None,
) -> Asset:
    """The version that a reference means now: its own, its label's, or the latest when it says neither.

    The answer's `id` names the version for good. A curated environment has its local equivalent and no version.
    """
    parsed = parse_asset_reference(reference, kind.value, field=field) if isinstance(reference, str) else reference
    if kind is AssetKind.ENVIRONMENT and (known := curated(parsed)) is not None:
        return known
    if isinstance(parsed, RegistryRef):
        raise Unsupported(f"'{parsed}': there is no registry '{parsed.registry}' here.", field=field)
    if parsed.workspace not in (None, workspace):
        raise InvalidInput(f"'{parsed}' is in another workspace than '{workspace}'.", field=field)
    try:
        if parsed.version is not None:
            return get(tx, workspace, kind, parsed.name, parsed.version)
        return by_label(tx, workspace, kind, parsed.name, parsed.label or LATEST)
    except NotFound as error:
        # The name, version or label that is wrong stands in the caller's field.
        error.field = field or error.field
        raise


def list_page(
    tx: Transaction, workspace: str, kind: AssetKind, page: Page, filter: AssetFilter | None = None
) -> PageOf[Asset]:
    """One row for each name, newest first, looking like its latest version with `latest_version` in place of it.

    Environments end with the curated ones, which every workspace has.
    """

    def own(page: Page) -> PageOf[Asset]:
        return tx.assets.list(workspace, kind, page, filter).map(_of_name)

    return curated_environments.listed(page, filter, own) if kind is AssetKind.ENVIRONMENT else own(page)


def list_versions(
    tx: Transaction, workspace: str, kind: AssetKind, name: str, page: Page, filter: AssetFilter | None = None
) -> PageOf[Asset]:
    """Versions of a name, newest first."""
    known = curated_environments.known(kind, name)
    if known is not None:
        return PageOf([known])
    return tx.assets.list_versions(workspace, kind, name, page, filter).map(_entity)


def get_name(tx: Transaction, workspace: str, kind: AssetKind, name: str) -> Asset:
    """The row of a name, with its labels."""
    known = curated_environments.known(kind, name)
    if known is not None:
        return curated_environments.row(known)
    row = _of_name(tx.assets.container(workspace, kind, name))
    labels = tx.assets.labels(workspace, kind, name)
    latest = {LATEST: row.latest_version} if row.latest_version else {}
    return type(row).from_stored({**row.to_dict(), "labels": {**latest, **labels}})


def next_version(tx: Transaction, workspace: str, kind: AssetKind, name: str) -> str:
    """The number that a version without one would get now."""
    return tx.assets.container(workspace, kind, name).next_version


def edit(
    tx: Transaction,
    workspace: str,
    kind: AssetKind,
    name: str,
    version: str | None = None,
    *,
    description: str | None = None,
    tags: Mapping[str, str] | None = None,
    properties: Mapping[str, str] | None = None,
    archived: bool | None = None,
) -> Asset:
    """Change what is not content, of a version or (version None) of the name itself; None stays."""
    if not (description is None and tags is None and properties is None):
        tx.assets.edit(workspace, kind, name, version, description=description, tags=tags, properties=properties)
    if archived is not None:
        tx.assets.set_archived(workspace, kind, name, version, archived=archived)
    if version is None:
        return get_name(tx, workspace, kind, name)
    return get(tx, workspace, kind, name, version)


def set_archived(
    tx: Transaction, workspace: str, kind: AssetKind, name: str, version: str | None = None, *, archived: bool
) -> None:
    """Hide from lists, or show again, a version or the whole name. References by version go on working."""
    tx.assets.set_archived(workspace, kind, name, version, archived=archived)


def labels(tx: Transaction, workspace: str, kind: AssetKind, name: str) -> dict[str, str]:
    """Label to version, `latest` among them."""
    return dict(get_name(tx, workspace, kind, name).labels or {})


def set_label(tx: Transaction, workspace: str, kind: AssetKind, name: str, label: str, version: str) -> Asset:
    """Put a label on a version, taking it from the one that had it."""
    tx.assets.set_label(workspace, kind, name, label, version)
    return get(tx, workspace, kind, name, version)


def remove_label(tx: Transaction, workspace: str, kind: AssetKind, name: str, label: str) -> None:
    tx.assets.remove_label(workspace, kind, name, label)


def entity_class(kind: AssetKind) -> type[Asset]:
    """The class of a kind; Unsupported for one that cannot be created yet."""
    found = _CLASSES.get(kind)
    if found is None:
        raise Unsupported(f"Assets of the kind '{kind.value}' cannot be created yet.", field="type")
    return found


def _entity(record: AssetRecord) -> Asset:
    return entity_class(record.kind).from_stored(_body(record))


def _of_name(container: AssetContainer) -> Asset:
    body: dict[str, Any] = {}
    if container.latest is not None:
        body = _body(container.latest) | {"latest_version": container.latest.version}
    body |= {
        "name": container.name,
        "id": str(AssetRef(container.name, kind=container.kind.value, workspace=container.workspace)),
        "version": None,
        "archived": container.archived,
        "description": container.description or body.get("description"),
        "tags": {**body.get("tags", {}), **container.tags},
        "properties": {**body.get("properties", {}), **container.properties},
        "creation_context": creation_context(container),
    }
    return entity_class(container.kind).from_stored(body)


def _body(record: AssetRecord) -> dict[str, Any]:
    reference = AssetRef(record.name, record.version, kind=record.kind.value, workspace=record.workspace)
    return {
        **record.spec,
        "name": record.name,
        "version": record.version,
        "id": str(reference),
        "description": record.description,
        "tags": record.tags,
        "properties": record.properties,
        "archived": record.archived,
        "content_hash": record.content_hash,
        "job_name": record.job_name,
        "creation_context": creation_context(record),
    }
