"""Sweeps that go on, and jobs made anew from earlier ones."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from modelyard.domain.job_record import JobRecord
from modelyard.server.access import Access, allow
from modelyard.server.documents import gives, gives_new
from modelyard.server.routing import make_router
from modelyard.services import continuations, pipelines
from modelyard.services.jobs import Jobs
from modelyard.store.transaction import Transaction

router = make_router("jobs")
BASE = "/workspaces/{workspace}/jobs/{name}"
SWEEP = "sweep-job"
Writer = Annotated[Access, Depends(allow("jobs.write"))]


class Extension(BaseModel):
    """How far a sweep is to go. `timeout` counts from now."""

    model_config = ConfigDict(extra="forbid")

    max_total_trials: int = Field(ge=1, le=1_000_000)
    timeout: int | None = Field(default=None, ge=1)


class Clone(BaseModel):
    """Changes by dotted path, such as `{"limits.max_total_trials": 50}`; null removes a field."""

    model_config = ConfigDict(extra="forbid")

    overrides: dict[str, Any] = Field(default_factory=dict, max_length=200)


@router.post(BASE + "/extend", responses=gives(SWEEP))
def extend_sweep(workspace: str, name: str, body: Extension, access: Writer) -> dict[str, Any]:
    """More trials for a sweep; one that has ended goes on."""
    with access.write() as tx:
        record = continuations.extend(tx, workspace, name, max_total_trials=body.max_total_trials, timeout=body.timeout)
        return _woken(access, tx, record)


@router.post(BASE + "/resume", responses=gives(SWEEP))
def resume_job(
    workspace: str,
    name: str,
    access: Writer,
    node: Annotated[str | None, Query(max_length=255, description="Of a pipeline: run it and what needs it.")] = None,
) -> dict[str, Any]:
    """Let a sweep or pipeline that was cancelled or failed go on."""
    with access.write() as tx:
        if tx.jobs.get(workspace, name).kind == pipelines.PIPELINE:
            return _woken(access, tx, pipelines.resume(tx, workspace, name, node))
        return _woken(access, tx, continuations.resume(tx, workspace, name))


@router.post(BASE + "/clone", status_code=201, responses=gives_new(SWEEP))
def clone_job(workspace: str, name: str, body: Clone, access: Writer) -> dict[str, Any]:
    """Submit a job like this one, with changes."""
    with access.write() as tx:
        made = continuations.clone_of(tx.jobs.get(workspace, name), body.overrides)
        return _jobs(access).create(tx, workspace, made).to_dict()


def _woken(access: Access, tx: Transaction, record: JobRecord) -> dict[str, Any]:
    tx.after_commit(_jobs(access).wake_parents)
    return _jobs(access).entity(record).to_dict()


def _jobs(access: Access) -> Jobs:
    return access.state.job_runtime.jobs
