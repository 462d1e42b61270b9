"""The routes that every kind of asset has, made once for each kind."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from modelyard.domain.asset import Asset
from modelyard.kit.paging import Page, PageOf
from modelyard.server.access import Access, allow
from modelyard.server.documents import JsonObject, gives, gives_new, gives_page, takes
from modelyard.server.pages import ArchivedQuery, PageQuery, TagQuery, TextQuery, archived_filter, page_body, tag_filter
from modelyard.server.routing import make_router, with_name
from modelyard.services.files import require_files_of_job
from modelyard.store.repositories.assets import AssetFilter
from modelyard.store.transaction import Transaction

Reader = Annotated[Access, Depends(allow("assets.read"))]
Writer = Annotated[Access, Depends(allow("assets.write"))]
CreatedQuery = Annotated[datetime | None, Query(description="An ISO 8601 moment.")]


class AssetChanges(BaseModel):
    """What may change on an asset. None leaves it as it is."""

    model_config = ConfigDict(extra="forbid")

    description: str | None = None
    tags: dict[str, str] | None = None
    properties: dict[str, str] | None = None
    archived: bool | None = None
    stage: str | None = Field(None, description="Of a model alone.")

    def given(self) -> dict[str, Any]:
        return self.model_dump(exclude_none=True)


class LabelTarget(BaseModel):
    """The version that a label is put on."""

    model_config = ConfigDict(extra="forbid")

    version: str


class AssetCollection(ABC):
    """One kind of asset as the routes see it. Each method works inside the transaction that it is given."""

    noun: str
    plural: str

    @abstractmethod
    def create(self, tx: Transaction, workspace: str, body: Mapping[str, Any]) -> Asset:
        """A new version from what a user wrote."""

    @abstractmethod
    def names(self, tx: Transaction, workspace: str, page: Page, filter: AssetFilter) -> PageOf[Asset]:
        """One row for each name."""

    @abstractmethod
    def versions(self, tx: Transaction, workspace: str, name: str, page: Page, filter: AssetFilter) -> PageOf[Asset]:
        """Versions of a name, newest first."""

    @abstractmethod
    def name(self, tx: Transaction, workspace: str, name: str) -> Asset:
        """The row of a name with its labels."""

    @abstractmethod
    def version(self, tx: Transaction, workspace: str, name: str, version: str) -> Asset:
        """One version."""

    @abstractmethod
    def labelled(self, tx: Transaction, workspace: str, name: str, label: str) -> Asset:
        """The version under a label."""

    @abstractmethod
    def edit(
        self, tx: Transaction, workspace: str, name: str, version: str | None, changes: Mapping[str, Any]
    ) -> Asset:
        """Change a version, or the name when `version` is None."""

    @abstractmethod
    def set_label(self, tx: Transaction, workspace: str, name: str, label: str, version: str) -> Asset:
        """Put a label on a version."""

    @abstractmethod
    def remove_label(self, tx: Transaction, workspace: str, name: str, label: str) -> None:
        """Take a label off."""


def asset_router(collection: AssetCollection) -> APIRouter:
    """The router of one kind; a kind may add routes of its own to it."""
    router = make_router(collection.plural)
    base = f"/workspaces/{{workspace}}/{collection.plural}"
    _add_lists(router, collection, base)
    _add_reads(router, collection, base)
    _add_writes(router, collection, base)
    _add_labels(router, collection, f"{base}/{{name}}/labels/{{label}}")
    return router


def _add_lists(router: APIRouter, collection: AssetCollection, base: str) -> None:
    noun, plural = collection.noun, collection.plural

    @router.get(base, name=f"list_{plural}", responses=gives_page(noun))
    def list_names(
        workspace: str,
        access: Reader,
        page: PageQuery,
        filter: Annotated[AssetFilter, Depends(_filter)],
    ) -> dict[str, Any]:
        """One row for each name, looking like its latest version."""
        with access.read() as tx:
            tx.workspaces.get(workspace)
            return page_body(collection.names(tx, workspace, page, filter), Asset.to_dict)

    @router.get(f"{base}/{{name}}/versions", name=f"list_{noun}_versions", responses=gives_page(noun))
    def list_versions(
        workspace: str,
        name: str,
        access: Reader,
        page: PageQuery,
        filter: Annotated[AssetFilter, Depends(_filter)],
    ) -> dict[str, Any]:
        """Versions of a name, newest first."""
        with access.read() as tx:
            tx.workspaces.get(workspace)
            return page_body(collection.versions(tx, workspace, name, page, filter), Asset.to_dict)


def _add_reads(router: APIRouter, collection: AssetCollection, base: str) -> None:
    noun = collection.noun

    @router.get(f"{base}/{{name}}", name=f"show_{noun}_name", responses=gives(noun))
    def show_name(workspace: str, name: str, access: Reader) -> dict[str, Any]:
        """The row of a name, with its labels."""
        with access.read() as tx:
            tx.workspaces.get(workspace)
            return collection.name(tx, workspace, name).to_dict()

    @router.get(f"{base}/{{name}}/versions/{{version}}", name=f"show_{noun}_version", responses=gives(noun))
    def show_version(workspace: str, name: str, version: str, access: Reader) -> dict[str, Any]:
        """One version."""
        with access.read() as tx:
            tx.workspaces.get(workspace)
            return collection.version(tx, workspace, name, version).to_dict()


def _add_writes(router: APIRouter, collection: AssetCollection, base: str) -> None:
    noun, version_path = collection.noun, f"{base}/{{name}}/versions/{{version}}"

    @router.post(base, name=f"create_{noun}", status_code=201, responses=gives_new(noun), openapi_extra=takes(noun))
    def create(workspace: str, body: JsonObject, access: Writer) -> dict[str, Any]:
        """A new version; the next number when the body names none. Versions never change."""
        return _create(collection, access, workspace, body)

    @router.post(
        f"{base}/{{name}}/versions",
        name=f"create_{noun}_version",
        status_code=201,
        responses=gives_new(noun),
        openapi_extra=takes(noun),
    )
    def create_version(workspace: str, name: str, body: JsonObject, access: Writer) -> dict[str, Any]:
        """A new version of this name."""
        return _create(collection, access, workspace, with_name(body, name))

    @router.patch(f"{base}/{{name}}", name=f"update_{noun}_name", responses=gives(noun))
    def update_name(workspace: str, name: str, body: AssetChanges, access: Writer) -> dict[str, Any]:
        """Change a name with all its versions; `archived` hides or shows it."""
        with access.write() as tx:
            return collection.edit(tx, workspace, name, None, body.given()).to_dict()

    @router.patch(version_path, name=f"update_{noun}_version", responses=gives(noun))
    def update_version(workspace: str, name: str, version: str, body: AssetChanges, access: Writer) -> dict[str, Any]:
        """Change what is not content; `archived` hides or shows it."""
        with access.write() as tx:
            return collection.edit(tx, workspace, name, version, body.given()).to_dict()

    @router.delete(f"{base}/{{name}}", name=f"archive_{noun}_name", status_code=204)
    def archive_name(workspace: str, name: str, access: Writer) -> None:
        """Archive a name with all its versions."""
        with access.write() as tx:
            collection.edit(tx, workspace, name, None, {"archived": True})

    @router.delete(version_path, name=f"archive_{noun}_version", status_code=204)
    def archive_version(workspace: str, name: str, version: str, access: Writer) -> None:
        """Archive one version. It can still be used by its version."""
        with access.write() as tx:
            collection.edit(tx, workspace, name, version, {"archived": True})


def _create(collection: AssetCollection, access: Access, workspace: str, body: Mapping[str, Any]) -> dict[str, Any]:
    path = body.get("path")
    if isinstance(path, str) and path:
        # Files are looked for outside the writing transaction.
        with access.read() as tx:
            tx.workspaces.get(workspace)
            require_files_of_job(tx, access.state.storage, workspace, path)
    with access.write() as tx:
        tx.workspaces.get(workspace)
        return collection.create(tx, workspace, body).to_dict()


def _add_labels(router: APIRouter, collection: AssetCollection, path: str) -> None:
    noun = collection.noun

    @router.get(path, name=f"show_{noun}_label", responses=gives(noun))
    def show_label(workspace: str, name: str, label: str, access: Reader) -> dict[str, Any]:
        """The version under a label, such as `latest`."""
        with access.read() as tx:
            tx.workspaces.get(workspace)
            return collection.labelled(tx, workspace, name, label).to_dict()

    @router.put(path, name=f"put_{noun}_label", responses=gives(noun))
    def put_label(workspace: str, name: str, label: str, body: LabelTarget, access: Writer) -> dict[str, Any]:
        """Put a label on a version, taking it from the one that had it."""
        with access.write() as tx:
            return collection.set_label(tx, workspace, name, label, body.version).to_dict()

    @router.delete(path, name=f"delete_{noun}_label", status_code=204)
    def delete_label(workspace: str, name: str, label: str, access: Writer) -> None:
        """Take a label off."""
        with access.write() as tx:
            collection.remove_label(tx, workspace, name, label)


def _filter(
    q: TextQuery = None,
    tag: TagQuery = None,
    archived: ArchivedQuery = "false",
    created_after: CreatedQuery = None,
    created_before: CreatedQuery = None,
    created_by: Annotated[str | None, Query(max_length=255)] = None,
) -> AssetFilter:
    return AssetFilter(
        text=q,
        tags=tag_filter(tag),
        archived=archived_filter(archived),
        created_after=created_after,
        created_before=created_before,
        created_by=created_by,
    )
