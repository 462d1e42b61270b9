"""Workspaces."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends

from modelyard.domain.errors import NotFound
from modelyard.domain.workspace import Workspace
from modelyard.server.access import Access, allow
from modelyard.server.documents import JsonObject, gives, gives_new, gives_page, takes
from modelyard.server.pages import PageQuery, page_body
from modelyard.server.routing import make_router
from modelyard.services import workspaces

router = make_router("workspaces")
Reader = Annotated[Access, Depends(allow("workspaces.read"))]
Writer = Annotated[Access, Depends(allow("workspaces.write"))]


@router.get("/workspaces", responses=gives_page("workspace"))
def list_workspaces(access: Reader, page: PageQuery) -> dict[str, Any]:
    """Workspaces by name."""
    with access.read() as tx:
        found = workspaces.list_page(tx, page, only=access.caller.workspace)
        return page_body(found, lambda workspace: _body(access, workspace))


@router.post("/workspaces", status_code=201, responses=gives_new("workspace"), openapi_extra=takes("workspace"))
def create_workspace(body: JsonObject, access: Writer) -> dict[str, Any]:
    """A new workspace with its default datastores and the compute `local`."""
    with access.write() as tx:
        return _body(access, workspaces.create(tx, Workspace.from_dict(body)))


@router.get("/workspaces/{workspace}", responses=gives("workspace"))
def show_workspace(workspace: str, access: Reader) -> dict[str, Any]:
    """One workspace."""
    with access.read() as tx:
        return _body(access, workspaces.get(tx, workspace))


@router.patch("/workspaces/{workspace}", responses=gives("workspace"))
def update_workspace(workspace: str, body: JsonObject, access: Writer) -> dict[str, Any]:
    """Change the given fields."""
    with access.write() as tx:
        return _body(access, workspaces.edit(tx, workspace, body))


@router.delete("/workspaces/{workspace}", status_code=204)
def delete_workspace(workspace: str, access: Writer) -> None:
    """Delete a workspace in which nothing runs."""
    with access.write() as tx:
        workspaces.delete(tx, workspace)


def _body(access: Access, workspace: Workspace) -> dict[str, Any]:
    if workspace.name is None:
        raise NotFound("The workspace has no name.", field="workspace")
    url = access.state.settings.public_url
    own = {"mlflow_tracking_uri": f"{url}/mlflow/{workspace.name}", "discovery_url": f"{url}/api/v1/info"}
    return workspace.to_dict() | own
