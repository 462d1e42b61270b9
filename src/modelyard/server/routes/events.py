"""What happened: every change of the platform, as a list and as a live stream."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Header, Query
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from modelyard.domain.errors import InvalidInput, PermissionDenied
from modelyard.server import sse
from modelyard.server.access import Access, allow
from modelyard.server.routing import make_router
from modelyard.services.events import body
from modelyard.store.records import EventRecord

router = make_router("events")
Reader = Annotated[Access, Depends(allow("events.read"))]
Types = Annotated[list[str] | None, Query(max_length=20, description="Such as `modelyard.job.*`; may be repeated.")]
Subject = Annotated[str | None, Query(max_length=500, description="Such as `jobs/keen_fig_3wjzmcwqgp`.")]
WorkspaceName = Annotated[str | None, Query(alias="workspace", max_length=255)]
_BATCH = 500


@dataclass(frozen=True, slots=True)
class _Wanted:
    workspaces: Sequence[str] | None
    types: Sequence[str] | None
    subject: str | None


@router.get("/events")
def list_events(
    access: Reader,
    workspace: WorkspaceName = None,
    type: Types = None,
    subject: Subject = None,
    page_size: Annotated[int, Query(ge=1, le=1000)] = 50,
    page_token: Annotated[str | None, Query(max_length=40)] = None,
) -> dict[str, Any]:
    """Events, oldest first. The token of a page marks its last event, so it stays good for asking for news."""
    wanted = _wanted(access, workspace, type, subject)
    found = _read(access, wanted, _event_id(page_token, "page_token"), page_size)
    token = str(found[-1].id) if len(found) == page_size else None
    return {"value": [body(record) for record in found], "next_page_token": token}


@router.get("/events/stream", response_class=StreamingResponse)
async def stream_events(
    access: Reader,
    workspace: WorkspaceName = None,
    type: Types = None,
    subject: Subject = None,
    after: Annotated[str | None, Query(max_length=20, description="Begin after this event; default: now.")] = None,
    last_event_id: Annotated[str | None, Header()] = None,
) -> StreamingResponse:
    """Events as they happen (SSE). A reader that comes back with Last-Event-ID misses none."""
    wanted = _wanted(access, workspace, type, subject)
    begin = last_event_id or after
    last = await run_in_threadpool(_newest, access) if begin is None else _event_id(begin, "Last-Event-ID")
    return sse.stream(_follow(access, wanted, last))


async def _follow(access: Access, wanted: _Wanted, last: int) -> AsyncIterator[bytes]:
    hub, stopping = access.state.hub, access.state.stopping
    yield sse.HEARTBEAT
    while not stopping.is_set():
        ticket = hub.ticket()
        found = await run_in_threadpool(_read, access, wanted, last, _BATCH)
        for record in found:
            last = record.id
            yield sse.frame(body(record), event=record.event.type, id=record.id)
        if not found and not await hub.wait(ticket, sse.HEARTBEAT_SECONDS):
            yield sse.HEARTBEAT


def _wanted(access: Access, workspace: str | None, types: Sequence[str] | None, subject: str | None) -> _Wanted:
    own = access.caller.workspace
    if own is not None and workspace not in (None, own):
        raise PermissionDenied(f"This token is for the workspace '{own}' alone.", field="workspace")
    chosen = workspace or own
    return _Wanted(None if chosen is None else [chosen], types, subject)


def _read(access: Access, wanted: _Wanted, last: int, limit: int) -> list[EventRecord]:
    with access.read() as tx:
        return tx.events.after(
            last, limit=limit, workspaces=wanted.workspaces, types=wanted.types, subject=wanted.subject
        )


def _newest(access: Access) -> int:
    with access.read() as tx:
        return tx.events.last_id()


def _event_id(text: str | None, field: str) -> int:
    if text is None:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise InvalidInput("The id of an event is a number.", field=field)
    return int(text)
