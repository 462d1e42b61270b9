"""Artifacts through the server: `mlflow-artifacts:/<path>` is <path> in the workspace's artifact store."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Send

from modelyard.artifacts.storage import Storage
from modelyard.domain.errors import InvalidInput, NotFound, TooLarge, Unsupported
from modelyard.ports.artifact_store import CHUNK_BYTES, ArtifactStore
from modelyard.server.mlflow.messages import MlflowRequest, send_document
from modelyard.services.files import open_datastore
from modelyard.services.model_addresses import DATASTORES
from modelyard.store.database import Database
from modelyard.store.tracking.run_writes import SERVED_ROOT

PREFIX = "/api/2.0/mlflow-artifacts/"
_FILES = PREFIX + "artifacts"


class ArtifactCalls:
    """Answers every call below `/api/2.0/mlflow-artifacts/`, and lists folders for the tracking calls."""

    def __init__(self, database: Database, storage: Storage, max_file_bytes: int) -> None:
        self._database = database
        self._storage = storage
        self._max_file_bytes = max_file_bytes

    async def answer(self, request: MlflowRequest, receive: Receive, send: Send) -> None:
        """List, download, upload (streamed from `receive`) or delete."""
        if not request.path.startswith(_FILES):
            raise Unsupported("Multipart transfer is not supported by this server: files stream through it.")
        store = self._storage.run_artifacts(request.workspace)
        path = request.path.removeprefix(_FILES).removeprefix("/")
        if not path and request.method == "GET":
            folder = unquote(request.arguments().get("path", ""))
            await send_document(send, {"files": await run_in_threadpool(self._list, request.workspace, folder)})
        elif request.method == "GET":
            await self._download(*await run_in_threadpool(self._place, request.workspace, path), send)
        elif path.startswith(DATASTORES):
            raise Unsupported("Datastores are read here, not written.", mend="upload through the asset that it is for")
        elif request.method == "PUT":
            await self._upload(store, path, request, receive)
            await send_document(send, {})
        elif request.method == "DELETE" and path:
            await run_in_threadpool(store.delete, path)
            await send_document(send, {})
        else:
            raise NotFound(f"There is no '{request.method} {request.path}'.")

    def list_below(self, workspace: str, root_uri: str, folder: str) -> list[dict[str, Any]]:
        """The entries of a folder of a run or model, with paths relative to its root."""
        if not root_uri.startswith(SERVED_ROOT):
            raise Unsupported(
                f"The files at '{urlsplit(root_uri).scheme}:' are not served by this server.",
                mend="list them with a client that reaches that storage",
            )
        root = root_uri.removeprefix(SERVED_ROOT).strip("/")
        entries = self._list(workspace, f"{root}/{folder}" if folder else root)
        return [
            entry | {"path": f"{folder.rstrip('/')}/{entry['path']}" if folder else entry["path"]} for entry in entries
        ]

    def _list(self, workspace: str, folder: str) -> list[dict[str, Any]]:
        return children(*self._place(workspace, folder))

    def _place(self, workspace: str, path: str) -> tuple[ArtifactStore, str]:
        """The store of a served path, and the path in it: models that we registered lie in any datastore."""
        if not path.startswith(DATASTORES):
            return self._storage.run_artifacts(workspace), path
        name, _, below = path.removeprefix(DATASTORES).partition("/paths/")
        with self._database.snapshot() as tx:
            return open_datastore(tx, self._storage, workspace, name), below

    async def _download(self, store: ArtifactStore, path: str, send: Send) -> None:
        stat = await run_in_threadpool(store.stat, path)
        chunks = await run_in_threadpool(store.open_read, path)
        name = path.rsplit("/", 1)[-1]
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        quoted = name.encode("ascii", "replace").decode().replace('"', "_")
        headers = [
            (b"content-type", kind.encode()),
            (b"content-length", str(stat.size).encode()),
            # Never shown as a page of this origin, whatever the file says that it is.
            (b"content-disposition", f'attachment; filename="{quoted}"'.encode()),
            (b"content-security-policy", b"sandbox; default-src 'none'"),
            (b"x-content-type-options", b"nosniff"),
            (b"cache-control", b"no-store"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        while chunk := await run_in_threadpool(next, chunks, b""):
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def _upload(self, store: ArtifactStore, path: str, request: MlflowRequest, receive: Receive) -> None:
        declared = request.headers.get(b"content-length", b"0")
        if not declared.isdigit() or int(declared) > self._max_file_bytes:
            raise TooLarge(f"A file may have {self._max_file_bytes} bytes.")
        writing = store.open_write(path)
        writer = await run_in_threadpool(writing.__enter__)
        error: BaseException | None = None
        try:
            await self._receive_into(writer, receive)
        except BaseException as caught:
            error = caught
            raise
        finally:
            # Also when the client went away: what was there before stays.
            await run_in_threadpool(writing.__exit__, type(error) if error else None, error, None)

    async def _receive_into(self, writer: Any, receive: Receive) -> None:
        size, waiting = 0, []
        held = 0
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise InvalidInput("The client went away in the middle of an upload.")
            chunk = message.get("body", b"")
            more = message.get("more_body", False)
            waiting.append(chunk)
            size, held = size + len(chunk), held + len(chunk)
            if size > self._max_file_bytes:
                raise TooLarge(f"A file may have {self._max_file_bytes} bytes.")
            if held >= CHUNK_BYTES or not more:
                await run_in_threadpool(writer.write, b"".join(waiting))
                waiting, held = [], 0


def children(store: ArtifactStore, folder: str) -> list[dict[str, Any]]:
    """Files and folders directly below `folder`, as MLflow's `FileInfo` with bare names."""
    prefix = "/".join(part for part in folder.split("/") if part not in ("", "."))
    return list(_entries(store, folder, len(prefix) + 1 if prefix else 0))


def _entries(store: ArtifactStore, folder: str, skip: int) -> Iterator[dict[str, Any]]:
    last = None
    for stat in store.list(folder):
        name, slash, _ = stat.path[skip:].partition("/")
        if name == last:
            continue
        last = name
        yield {"path": name, "is_dir": True} if slash else {"path": name, "is_dir": False, "file_size": stat.size}
