"""Lineage."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Depends, Query

from modelyard.server.access import Access, allow
from modelyard.server.routing import make_router
from modelyard.services import lineage

router = make_router("lineage")
Reader = Annotated[Access, Depends(allow("assets.read"))]
DirectionQuery = Annotated[
    Literal["up", "down", "both"], Query(description="`up`: what it came of; `down`: what came of it.")
]
DepthQuery = Annotated[int, Query(ge=1, le=50)]


@router.get("/workspaces/{workspace}/lineage/{kind}/{name}")
def show_lineage(
    workspace: str, kind: str, name: str, access: Reader, direction: DirectionQuery = "both", depth: DepthQuery = 10
) -> dict[str, Any]:
    """Nodes and edges around a job, or around the latest version of an asset."""
    with access.read() as tx:
        tx.workspaces.get(workspace)
        return lineage.graph(tx, workspace, kind, name, None, direction=direction, depth=depth)


@router.get("/workspaces/{workspace}/lineage/{kind}/{name}/{version}")
def show_version_lineage(
    workspace: str,
    kind: str,
    name: str,
    version: str,
    access: Reader,
    direction: DirectionQuery = "both",
    depth: DepthQuery = 10,
) -> dict[str, Any]:
    """Nodes and edges around one version of an asset, or around `deployment/<endpoint>/<deployment>`."""
    deployment = kind in ("deployment", "deployments")
    thing, of_version = (f"{name}/{version}", None) if deployment else (name, version)
    with access.read() as tx:
        tx.workspaces.get(workspace)
        return lineage.graph(tx, workspace, kind, thing, of_version, direction=direction, depth=depth)
