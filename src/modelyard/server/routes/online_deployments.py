"""Online deployments and the logs of their workers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import Depends, Query, Response
from fastapi.responses import PlainTextResponse
from starlette.concurrency import run_in_threadpool

from modelyard.domain.online_deployment import OnlineDeployment
from modelyard.server import sse
from modelyard.server.access import Access, allow
from modelyard.server.documents import JsonObject, gives, gives_page, takes
from modelyard.server.pages import PageQuery, page_body
from modelyard.server.routing import make_router, with_name
from modelyard.services import deployment_logs, online_deployments

router = make_router("online deployments")
Reader = Annotated[Access, Depends(allow("endpoints.read"))]
Writer = Annotated[Access, Depends(allow("endpoints.write"))]
_ALL = "/workspaces/{workspace}/online-endpoints/{endpoint}/deployments"
_ONE = _ALL + "/{name}"
_GIVES = gives("online-deployment")
_LOOK_EVERY_SECONDS = 0.25


@router.get(_ALL, responses=gives_page("online-deployment"))
def list_online_deployments(workspace: str, endpoint: str, access: Reader, page: PageQuery) -> dict[str, Any]:
    """Deployments of an endpoint, by name."""
    with access.read() as tx:
        return page_body(online_deployments.list_page(tx, workspace, endpoint, page), OnlineDeployment.to_dict)


@router.get(_ONE, responses=_GIVES)
def show_online_deployment(workspace: str, endpoint: str, name: str, access: Reader) -> dict[str, Any]:
    """A deployment with its instances, and why it failed if it did."""
    with access.read() as tx:
        return online_deployments.get(tx, workspace, endpoint, name).to_dict()


@router.put(_ONE, status_code=201, responses=_GIVES, openapi_extra=takes("online-deployment"))
def put_online_deployment(workspace: str, endpoint: str, name: str, body: JsonObject, access: Writer) -> dict[str, Any]:
    """Create it, or roll it over: new workers are ready before the old ones are let go."""
    entity = OnlineDeployment.from_dict(with_name(body, name))
    with access.write() as tx:
        found = online_deployments.put(tx, workspace, endpoint, entity)
        tx.after_commit(access.state.endpoints_changed)
    return found.to_dict()


@router.patch(_ONE, responses=_GIVES)
def edit_online_deployment(
    workspace: str, endpoint: str, name: str, body: JsonObject, access: Writer
) -> dict[str, Any]:
    """Change some of instance_count, request_settings, tags, description, properties."""
    with access.write() as tx:
        found = online_deployments.edit(tx, workspace, endpoint, name, body)
        tx.after_commit(access.state.endpoints_changed)
    return found.to_dict()


@router.delete(_ONE, status_code=202)
def delete_online_deployment(workspace: str, endpoint: str, name: str, access: Writer) -> dict[str, Any]:
    """Drain and remove it; it is gone when it is not found any more. Refused while it has traffic."""
    with access.write() as tx:
        found = online_deployments.delete(tx, workspace, endpoint, name)
        tx.after_commit(access.state.endpoints_changed)
    return found.to_dict()


@router.get(_ONE + "/logs", response_class=PlainTextResponse)
async def read_online_deployment_logs(
    workspace: str,
    endpoint: str,
    name: str,
    access: Reader,
    lines: Annotated[int, Query(ge=1, le=10_000)] = 50,
    follow: bool = False,
) -> Response:
    """The last lines that its workers wrote; with `follow`, these and all that come, as server-sent `log` events."""

    def require() -> None:
        with access.read() as tx:
            online_deployments.get(tx, workspace, endpoint, name)

    await run_in_threadpool(require)
    folder = deployment_logs.folder(access.state.home, workspace, endpoint, name)
    if follow:
        return sse.stream(_follow(access, deployment_logs.Tail(folder, lines)))
    return PlainTextResponse(await run_in_threadpool(deployment_logs.last_lines, folder, lines))


async def _follow(access: Access, tail: deployment_logs.Tail) -> AsyncIterator[bytes]:
    silent = 0.0
    while not access.state.stopping.is_set():
        text = await run_in_threadpool(tail.read)
        if text:
            silent = 0.0
            yield sse.frame({"text": text}, event="log")
            continue
        await asyncio.sleep(_LOOK_EVERY_SECONDS)
        silent += _LOOK_EVERY_SECONDS
        if silent >= sse.HEARTBEAT_SECONDS:
            silent = 0.0
            yield sse.HEARTBEAT
