"""Datastores."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Query

from modelyard.domain.datastore import Datastore
from modelyard.server.access import Access, allow
from modelyard.server.documents import JsonObject, gives, gives_page, takes
from modelyard.server.pages import PageQuery, TextQuery, page_body
from modelyard.server.routing import make_router, with_name
from modelyard.services import datastores, workspaces

router = make_router("datastores")
Reader = Annotated[Access, Depends(allow("datastores.read"))]
Writer = Annotated[Access, Depends(allow("datastores.write"))]


@router.get("/workspaces/{workspace}/datastores", responses=gives_page("datastore"))
def list_datastores(
    workspace: str,
    access: Reader,
    page: PageQuery,
    q: TextQuery = None,
    type: Annotated[str | None, Query(max_length=64)] = None,
) -> dict[str, Any]:
    """Datastores by name."""
    with access.read() as tx:
        workspaces.get(tx, workspace)
        return page_body(datastores.list_page(tx, workspace, page, text=q, kind=type), Datastore.to_dict)


@router.get("/workspaces/{workspace}/datastores/{name}", responses=gives("datastore"))
def show_datastore(workspace: str, name: str, access: Reader) -> dict[str, Any]:
    """A datastore, without its credentials."""
    with access.read() as tx:
        workspaces.get(tx, workspace)
        return datastores.get(tx, workspace, name).to_dict()


@router.put("/workspaces/{workspace}/datastores/{name}", responses=gives("datastore"), openapi_extra=takes("datastore"))
def put_datastore(workspace: str, name: str, body: JsonObject, access: Writer) -> dict[str, Any]:
    """Create it, or replace what it was; without credentials it keeps those it has."""
    entity = Datastore.from_dict(with_name(body, name))
    with access.write() as tx:
        workspaces.get(tx, workspace)
        return datastores.put(tx, workspace, entity).to_dict()


@router.post("/workspaces/{workspace}/datastores/{name}/default", responses=gives("datastore"))
def make_datastore_default(workspace: str, name: str, access: Writer) -> dict[str, Any]:
    """Make it the datastore that is taken when none is named."""
    with access.write() as tx:
        workspaces.get(tx, workspace)
        return datastores.set_default(tx, workspace, name).to_dict()


@router.delete("/workspaces/{workspace}/datastores/{name}", status_code=204)
def delete_datastore(workspace: str, name: str, access: Writer) -> None:
    """Forget it; its files stay."""
    with access.write() as tx:
        workspaces.get(tx, workspace)
        datastores.delete(tx, workspace, name)
