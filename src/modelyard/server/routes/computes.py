"""Computes."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Query

from modelyard.domain.compute import Compute
from modelyard.server.access import Access, allow
from modelyard.server.documents import JsonObject, gives, gives_page, takes
from modelyard.server.pages import PageQuery, TextQuery, page_body
from modelyard.server.routing import make_router, with_name
from modelyard.services import computes, workspaces

router = make_router("computes")
Reader = Annotated[Access, Depends(allow("computes.read"))]
Writer = Annotated[Access, Depends(allow("computes.write"))]


@router.get("/workspaces/{workspace}/computes", responses=gives_page("compute"))
def list_computes(
    workspace: str,
    access: Reader,
    page: PageQuery,
    q: TextQuery = None,
    type: Annotated[str | None, Query(max_length=64)] = None,
) -> dict[str, Any]:
    """Computes by name."""
    with access.read() as tx:
        workspaces.get(tx, workspace)
        return page_body(computes.list_page(tx, workspace, page, text=q, kind=type), Compute.to_dict)


@router.get("/workspaces/{workspace}/computes/{name}", responses=gives("compute"))
def show_compute(workspace: str, name: str, access: Reader) -> dict[str, Any]:
    """A compute."""
    with access.read() as tx:
        workspaces.get(tx, workspace)
        return computes.get(tx, workspace, name).to_dict()


@router.put("/workspaces/{workspace}/computes/{name}", responses=gives("compute"), openapi_extra=takes("compute"))
def put_compute(workspace: str, name: str, body: JsonObject, access: Writer) -> dict[str, Any]:
    """Create it, or replace what it was."""
    entity = Compute.from_dict(with_name(body, name))
    with access.write() as tx:
        workspaces.get(tx, workspace)
        return computes.put(tx, workspace, entity).to_dict()


@router.delete("/workspaces/{workspace}/computes/{name}", status_code=204)
def delete_compute(workspace: str, name: str, access: Writer) -> None:
    """Remove it; refused while unfinished jobs name it."""
    with access.write() as tx:
        workspaces.get(tx, workspace)
        computes.delete(tx, workspace, name)
