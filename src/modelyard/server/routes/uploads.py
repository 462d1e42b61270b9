"""Content-addressed uploads: plan, blobs, snapshots."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from modelyard.artifacts.content_store import BlobWriter, ContentStore
from modelyard.artifacts.snapshots import Manifest
from modelyard.domain.errors import NotFound
from modelyard.ports.artifact_store import CHUNK_BYTES
from modelyard.server.access import Access, allow
from modelyard.server.routing import make_router
from modelyard.services import uploads

router = make_router("uploads")
Writer = Annotated[Access, Depends(allow("files.write"))]


@router.post("/workspaces/{workspace}/snapshots:plan")
def plan_snapshot(workspace: str, body: Manifest, access: Writer) -> dict[str, Any]:
    """Which of these files the server does not have yet."""
    _require_workspace(access)
    return asdict(uploads.plan_upload(access.state.storage, body))


@router.post("/workspaces/{workspace}/snapshots", status_code=201)
def create_snapshot(workspace: str, body: Manifest, access: Writer) -> dict[str, Any]:
    """Make a folder (or a file) of uploaded blobs, and answer its address."""
    _require_workspace(access)
    return asdict(uploads.create_snapshot(access.state.storage, workspace, body))


@router.head("/workspaces/{workspace}/blobs/{sha256}")
def show_blob_progress(workspace: str, sha256: str, access: Writer) -> Response:
    """How many bytes of a blob are here, in `Upload-Offset`; 404 when none."""
    content = access.state.storage.content
    size = content.size(sha256)
    had = content.partial_size(sha256) if size is None else size
    if size is None and not had:
        raise NotFound(f"There is no blob {sha256}.", field="sha256")
    complete = "true" if size is not None else "false"
    return Response(headers={"Upload-Offset": str(had), "Upload-Complete": complete})


@router.put("/workspaces/{workspace}/blobs/{sha256}", status_code=201)
async def put_blob(
    workspace: str,
    sha256: str,
    request: Request,
    access: Writer,
    upload_offset: Annotated[int, Header(ge=0)] = 0,
    upload_length: Annotated[int | None, Header(ge=0)] = None,
) -> dict[str, Any]:
    """The bytes of a blob from `Upload-Offset` on. They are checked against the name when all have come."""
    content = access.state.storage.content
    await run_in_threadpool(_require_workspace, access)
    had = await run_in_threadpool(content.size, sha256)
    if had is None or had != (had if upload_length is None else upload_length):  # damaged: it is replaced
        await _receive(content, sha256, upload_offset, upload_length, request)
    else:
        async for _ in request.stream():
            pass
    return {"sha256": sha256, "size": await run_in_threadpool(content.size, sha256)}


async def _receive(content: ContentStore, digest: str, offset: int, length: int | None, request: Request) -> None:
    """Each step in a thread: disks block. A client that dies leaves what it sent."""
    block = content.receive(digest, offset, length)
    writer = await run_in_threadpool(block.__enter__)
    try:
        await _copy(writer, request, length)
    except BaseException as error:
        # In this thread: this path also runs when the task was cancelled, and only closes a file
        block.__exit__(type(error), error, error.__traceback__)
        raise
    await run_in_threadpool(block.__exit__, None, None, None)


async def _copy(writer: BlobWriter, request: Request, length: int | None) -> None:
    try:
        async for chunk in _gathered(request):
            await run_in_threadpool(writer.write, chunk)
    except ClientDisconnect:
        if writer.size != length:
            raise


async def _gathered(request: Request) -> AsyncIterator[bytes]:
    """The body in chunks of about a megabyte, so that a thread is asked for seldom."""
    buffer = bytearray()
    try:
        async for chunk in request.stream():
            buffer += chunk
            if len(buffer) >= CHUNK_BYTES:
                yield bytes(buffer)
                buffer.clear()
    except ClientDisconnect:
        if buffer:
            yield bytes(buffer)
        raise
    if buffer:
        yield bytes(buffer)


def _require_workspace(access: Access) -> None:
    with access.read() as tx:
        tx.workspaces.get(access.workspace)
