"""What computes have, and what of it is in use."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends

from modelyard.server.access import Access, allow
from modelyard.server.pages import PageQuery
from modelyard.server.routing import make_router
from modelyard.services import compute_capacity, workspaces

router = make_router("computes")
Reader = Annotated[Access, Depends(allow("computes.read"))]


@router.get("/workspaces/{workspace}/computes/{name}/nodes")
def list_compute_nodes(workspace: str, name: str, access: Reader, page: PageQuery) -> dict[str, Any]:
    """The machines of a compute, with the jobs on them."""
    with access.read() as tx:
        workspaces.get(tx, workspace)
        return _whole(compute_capacity.nodes(tx, workspace, name))


@router.get("/workspaces/{workspace}/compute-sizes")
def list_compute_sizes(workspace: str, access: Reader, page: PageQuery) -> dict[str, Any]:
    """The sizes that jobs may ask for."""
    with access.read() as tx:
        workspaces.get(tx, workspace)
    return _whole(compute_capacity.sizes(access.state.job_runtime.jobs.capacity))


@router.get("/workspaces/{workspace}/compute-usage")
def list_compute_usage(workspace: str, access: Reader, page: PageQuery) -> dict[str, Any]:
    """What of this machine is in use."""
    with access.read() as tx:
        workspaces.get(tx, workspace)
        return _whole(compute_capacity.usage(tx, access.state.job_runtime.jobs.capacity))


def _whole(items: list[dict[str, Any]]) -> dict[str, Any]:
    """These lists are short: one page has them all."""
    return {"value": items, "next_page_token": None}
