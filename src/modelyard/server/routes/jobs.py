"""Jobs: submitted, listed, changed, cancelled."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Depends, Query
from pydantic import BaseModel, ConfigDict

from modelyard.domain.errors import InvalidInput, did_you_mean
from modelyard.domain.job import Job
from modelyard.domain.statuses import JobStatus
from modelyard.kinds.catalogue import parse
from modelyard.server.access import Access, allow
from modelyard.server.documents import JsonObject, gives, gives_new, gives_page, takes
from modelyard.server.pages import ArchivedQuery, PageQuery, TagQuery, TextQuery, archived_filter, page_body, tag_filter
from modelyard.server.routing import make_router
from modelyard.services.jobs import Jobs
from modelyard.store.repositories.jobs import JobFilter

router = make_router("jobs")
BASE = "/workspaces/{workspace}/jobs"
KIND = "command-job"
Reader = Annotated[Access, Depends(allow("jobs.read"))]
Writer = Annotated[Access, Depends(allow("jobs.write"))]
Words = Annotated[list[str] | None, Query(max_length=20, description="May be repeated: any of them.")]
Name = Annotated[str | None, Query(max_length=255)]


class JobChanges(BaseModel):
    """What may change on a job. None leaves it as it is."""

    model_config = ConfigDict(extra="forbid")

    display_name: str | None = None
    description: str | None = None
    tags: dict[str, str] | None = None
    properties: dict[str, str] | None = None
    archived: bool | None = None


def _filter(
    status: Words = None,
    kind: Words = None,
    parent: Name = None,
    top_level: Annotated[bool, Query(description="Leave out the children of other jobs.")] = False,
    experiment: Name = None,
    compute: Name = None,
    tag: TagQuery = None,
    q: TextQuery = None,
    archived: ArchivedQuery = "false",
    created_by: Name = None,
    created_after: datetime | None = None,
    created_before: datetime | None = None,
) -> JobFilter:
    return JobFilter(
        statuses=[_status(word) for word in status] if status else None,
        kinds=kind,
        parent_name=parent,
        top_level=top_level,
        experiment_name=experiment,
        compute=compute,
        tags=tag_filter(tag),
        text=q,
        archived=archived_filter(archived),
        created_by=created_by,
        created_after=created_after,
        created_before=created_before,
    )


@router.get(BASE, responses=gives_page(KIND))
def list_jobs(
    workspace: str,
    access: Reader,
    page: PageQuery,
    filter: Annotated[JobFilter, Depends(_filter)],
    order_by: Annotated[Literal["created_at desc", "created_at asc"], Query()] = "created_at desc",
) -> dict[str, Any]:
    """Jobs, newest first."""
    oldest_first = order_by.endswith("asc")
    with access.read() as tx:
        found = _jobs(access).list_page(tx, workspace, page, filter, oldest_first=oldest_first)
        return page_body(found, Job.to_dict)


@router.post(BASE, status_code=201, responses=gives_new(KIND), openapi_extra=takes(KIND))
def create_job(
    workspace: str,
    body: JsonObject,
    access: Writer,
    validate_only: Annotated[bool, Query(description="Refuse what would be refused, and create nothing.")] = False,
) -> dict[str, Any]:
    """Submit a job. It is in the queue when this answers."""
    job = parse("job", body)
    if not isinstance(job, Job):
        raise InvalidInput("The body is not a job.", field="type")
    if validate_only:
        return _validated(access, job)
    with access.write() as tx:
        return _jobs(access).create(tx, workspace, job).to_dict()


@router.get(BASE + "/{name}", responses=gives(KIND))
def show_job(workspace: str, name: str, access: Reader) -> dict[str, Any]:
    """A job, by its name or its run id."""
    with access.read() as tx:
        tx.workspaces.get(workspace)
        return _jobs(access).get(tx, workspace, name).to_dict()


@router.patch(BASE + "/{name}", responses=gives(KIND))
def update_job(workspace: str, name: str, body: JobChanges, access: Writer) -> dict[str, Any]:
    """Change what belongs to the user."""
    with access.write() as tx:
        return _jobs(access).edit(tx, workspace, name, **body.model_dump(exclude_none=True)).to_dict()


@router.post(BASE + "/{name}/cancel", responses=gives(KIND))
def cancel_job(workspace: str, name: str, access: Writer) -> dict[str, Any]:
    """Ask for the end of its whole process tree; a job that has ended stays as it is."""
    with access.write() as tx:
        return _jobs(access).cancel(tx, workspace, name).to_dict()


@router.get(BASE + "/{name}/children", responses=gives_page(KIND))
def list_job_children(workspace: str, name: str, access: Reader, page: PageQuery) -> dict[str, Any]:
    """The jobs below it, oldest first."""
    with access.read() as tx:
        tx.workspaces.get(workspace)
        return page_body(_jobs(access).children(tx, workspace, name, page), Job.to_dict)


class _Refused(Exception):
    """Carries a validated job out of a transaction that must not be kept."""

    def __init__(self, body: dict[str, Any]) -> None:
        super().__init__()
        self.body = body


def _validated(access: Access, job: Job) -> dict[str, Any]:
    try:
        with access.write() as tx:
            raise _Refused(_jobs(access).validate(tx, access.workspace, job).to_dict())
    except _Refused as refused:
        return refused.body


def _jobs(access: Access) -> Jobs:
    return access.state.job_runtime.jobs


def _status(word: str) -> JobStatus:
    try:
        return JobStatus(word)
    except ValueError as error:
        mend = did_you_mean(word, JobStatus) or f"one of {', '.join(JobStatus)}"
        raise InvalidInput(f"There is no status '{word[:50]}'.", field="status", mend=mend) from error
