"""Pipelines: what they would do, what became of their nodes, and why."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Query

from modelyard.domain.errors import InvalidInput
from modelyard.kinds.catalogue import parse
from modelyard.kinds.pipeline import PipelineJob
from modelyard.server.access import Access, allow
from modelyard.server.documents import JsonObject, takes
from modelyard.server.routing import make_router
from modelyard.services import pipelines

router = make_router("pipelines")
JOBS = "/workspaces/{workspace}/jobs"
Reader = Annotated[Access, Depends(allow("jobs.read"))]
Writer = Annotated[Access, Depends(allow("jobs.write"))]


@router.post(f"{JOBS}:plan", openapi_extra=takes("pipeline-job"))
def plan_pipeline(workspace: str, body: JsonObject, access: Writer) -> dict[str, Any]:
    """What submitting it would do: which nodes would run, which are there already, on which compute."""
    job = parse("job", body)
    if not isinstance(job, PipelineJob):
        raise InvalidInput("Only a pipeline has a plan.", field="type", mend="validate other jobs: ?validate_only=true")
    try:
        with access.write() as tx:
            state = access.state
            rows = pipelines.outlook(tx, state.storage, workspace, state.job_runtime.jobs, job)
            raise _Undone(rows)
    except _Undone as undone:
        return {"value": undone.rows}


@router.get(f"{JOBS}/{{name}}/nodes")
def list_nodes(workspace: str, name: str, access: Reader) -> dict[str, Any]:
    """The nodes of a pipeline with their phase, job, outputs and what they need."""
    with access.read() as tx:
        return {"value": pipelines.nodes_of(tx, workspace, name)}


@router.get(f"{JOBS}/{{name}}/reuse")
def explain_reuse(
    workspace: str, name: str, access: Reader, node: Annotated[str | None, Query(max_length=255)] = None
) -> dict[str, Any]:
    """For each node, or one: which earlier run stands for it, or which of its parts have changed."""
    with access.read() as tx:
        return {"value": pipelines.explain_reuse(tx, workspace, name, node)}


class _Undone(Exception):
    """Carries a plan out of a transaction that must not be kept."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        super().__init__()
        self.rows = rows
