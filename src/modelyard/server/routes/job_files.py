"""What a job leaves: its logs, live and after, and its artifacts."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import Annotated, Any

from fastapi import Depends, Header, Query
from fastapi.responses import Response, StreamingResponse
from starlette.concurrency import run_in_threadpool

from modelyard.artifacts.paths import clean_file_path
from modelyard.artifacts.storage import run_folder
from modelyard.domain.errors import NotFound
from modelyard.domain.job_record import JobRecord
from modelyard.kit.paging import Page, PageOf
from modelyard.ports.artifact_store import FileStat
from modelyard.server import sse
from modelyard.server.access import Access, allow
from modelyard.server.downloads import send_file
from modelyard.server.log_stream import LogStream, Writer
from modelyard.server.pages import PageQuery, page_body
from modelyard.server.routes.files import file_body
from modelyard.server.routing import make_router
from modelyard.services import files

router = make_router("jobs")
BASE = "/workspaces/{workspace}/jobs/{name}"
Reader = Annotated[Access, Depends(allow("jobs.read"))]
LOG_FOLDERS = ("user_logs", "system_logs")
_MAX_LOGS = 1000


@router.get(BASE + "/logs")
def list_job_logs(workspace: str, name: str, access: Reader) -> dict[str, Any]:
    """The job's logs: what it printed in `user_logs/`, what the platform has to say in `system_logs/`."""
    record = _record(access, name)
    store, folder = access.state.storage.run_artifacts(workspace), run_folder(record.run_id)
    found = [stat for logs in LOG_FOLDERS for stat in islice(store.list(f"{folder}/{logs}"), _MAX_LOGS)]
    shown = [file_body(replace(stat, path=stat.path.removeprefix(folder + "/"))) for stat in found]
    return {"value": shown, "next_page_token": None}


@router.get(BASE + "/logs/{path:path}", response_class=Response)
async def read_job_log(
    workspace: str,
    name: str,
    path: str,
    access: Reader,
    offset: Annotated[int, Query(ge=0, lt=1 << 62, description="The byte to begin at.")] = 0,
    follow: Annotated[bool, Query(description="Answer a stream (SSE) that ends with the job.")] = False,
    last_event_id: Annotated[str | None, Header(pattern=r"^\d{1,18}$")] = None,
) -> Response:
    """A log from a byte on. Following, each `log` event's id is the byte to come back with."""
    clean = clean_file_path(path)
    if not clean.startswith(tuple(f"{folder}/" for folder in LOG_FOLDERS)):
        raise NotFound(f"There is no log '{clean}'.", field="path", mend=f"logs lie in {' and '.join(LOG_FOLDERS)}")
    record = await run_in_threadpool(_record, access, name)
    place = f"{run_folder(record.run_id)}/{clean}"
    if follow:
        return _followed(access, record, place, int(last_event_id) if last_event_id else offset)
    store = access.state.storage.run_artifacts(workspace)
    size = (await run_in_threadpool(store.stat, place)).size
    chunks = store.open_read(place, offset, max(0, size - offset))
    return StreamingResponse(chunks, media_type="text/plain; charset=utf-8", headers={"Log-Size": str(size)})


@router.get(BASE + "/artifacts")
def list_job_artifacts(workspace: str, name: str, access: Reader, page: PageQuery) -> dict[str, Any]:
    """Everything the run keeps: `outputs/`, `logs/`, logged artifacts and models, `user_logs/`."""
    return page_body(_artifacts(access, _record(access, name), page), file_body)


@router.get(BASE + "/artifacts/{path:path}", response_class=Response)
def read_job_artifact(
    workspace: str, name: str, path: str, access: Reader, range: Annotated[str | None, Header()] = None
) -> Response:
    """The content of one artifact; `Range` is honoured."""
    record = _record(access, name)
    place = f"{run_folder(record.run_id)}/{clean_file_path(path)}"
    return send_file(access.state.storage.run_artifacts(workspace), place, range)


def _artifacts(access: Access, record: JobRecord, page: Page) -> PageOf[FileStat]:
    with access.read() as tx:
        location = files.locate(tx, access.state.storage, access.workspace, files.run_artifact_uri(record.run_id))
    try:
        return files.files_below(location, page)
    except NotFound:
        return PageOf()


def _followed(access: Access, record: JobRecord, place: str, offset: int) -> StreamingResponse:
    def writer() -> Writer:
        now = _record(access, record.name)
        body = {"status": now.status.value, "error": now.error} if now.error else {"status": now.status.value}
        return Writer(now.status.value, now.status.terminal, body)

    state = access.state
    log = LogStream(
        state.storage.run_artifacts(access.workspace), place, writer, state.hub, state.stopping.is_set, offset
    )
    return sse.stream(log.frames())


def _record(access: Access, name: str) -> JobRecord:
    with access.read() as tx:
        tx.workspaces.get(access.workspace)
        return tx.jobs.get(access.workspace, name)
