"""Calls answered by MLflow's own handlers, which are imported when the first of them comes."""

from __future__ import annotations

import asyncio
import importlib
import io
import logging
import os
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from modelyard.domain.errors import InvalidInput, Unsupported
from modelyard.server.mlflow.messages import MlflowRequest

Headers = list[tuple[bytes, bytes]]
_LOG = logging.getLogger("modelyard.server.mlflow")
_UNREADABLE = (TypeError, ValueError, AttributeError, KeyError, OverflowError, AssertionError)
_THREADS = 8
# MLflow's reading of these is at import; its telemetry must stay off in what we start, too.
_ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_SERVER_DISABLE_SECURITY_MIDDLEWARE": "true",
}
# What we have read ourselves.
_OURS = frozenset({b"authorization", b"cookie", b"x-mlflow-workspace"})
OTLP_PATH = "/v1/traces"
# Parts of MLflow's server that are not tracking or registry: a language-model gateway, jobs of its own, webhooks.
_NOT_SERVED = (
    "/gateway",
    "/webhooks",
    "/workspaces",
    "/prompt-optimization",
    "/scorers/online-config",
    "/presigned",
    "/artifacts/presigned",
)


@dataclass(frozen=True, slots=True)
class ColdAnswer:
    status: int
    headers: Headers
    body: bytes


class ColdCalls:
    """Runs MLflow's WSGI application, and its one ASGI route that is ours to serve, in threads of their own."""

    def __init__(self, database_url: str) -> None:
        self._database_url = database_url
        self._lock = threading.Lock()
        self._module: ModuleType | None = None
        self._app: Any = None
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="mlflow")

    async def answer(self, request: MlflowRequest) -> ColdAnswer:
        """What MLflow says to `request`, seeing its workspace alone."""
        _, _, noun = request.path.partition("/mlflow")
        if any(noun.startswith(part) for part in _NOT_SERVED):
            raise Unsupported(f"This server does not serve '{request.path}'.", mend="see the page about MLflow")
        return await asyncio.get_running_loop().run_in_executor(self._threads, self.call, request)

    def close(self) -> None:
        self._threads.shutdown(cancel_futures=True)

    def call(self, request: MlflowRequest) -> ColdAnswer:
        """As `answer`, in the thread of the caller."""
        module = self._load()
        with module.workspace_bound(request.workspace):
            if request.path.startswith(OTLP_PATH):
                return asyncio.run(_call_asgi(module.otlp_app, request))
            return _call_wsgi(self._app, request)

    def _load(self) -> ModuleType:
        with self._lock:
            if self._module is None:
                os.environ.update(_ENVIRONMENT)
                # By name, so that nothing of mlflow is loaded before it is needed: it takes seconds.
                module = importlib.import_module("modelyard.server.mlflow.mlflow_stores")
                self._app = module.make_app(self._database_url)
                self._module = module
            return self._module


def _call_wsgi(app: Any, request: MlflowRequest) -> ColdAnswer:
    started: dict[str, Any] = {}

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
        started["status"], started["headers"] = int(status.split(" ", 1)[0]), headers

    try:
        chunks: Iterable[bytes] = app(_environ(request), start_response)
    except _UNREADABLE as error:
        # MLflow's handlers stumble over values of a wrong type; its database errors have their own class.
        _LOG.warning("MLflow could not read %s %s", request.method, request.path, exc_info=error)
        raise InvalidInput(f"The request cannot be read: {str(error)[:200]}") from error
    body = b"".join(chunks)
    close = getattr(chunks, "close", None)
    if close is not None:
        close()
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in started["headers"]]
    return _answer(started["status"], headers, body)


async def _call_asgi(app: Any, request: MlflowRequest) -> ColdAnswer:
    """In a loop of this thread's own: what MLflow does there blocks."""
    sent: list[dict[str, Any]] = []
    headers = [(name, value) for name, value in request.headers.items() if name not in _OURS]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": request.path,
        "raw_path": request.path.encode(),
        "query_string": request.query,
        "root_path": "",
        "headers": headers,
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": request.body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return _answer(sent[0]["status"], list(sent[0].get("headers", [])), body)


def _answer(status: int, headers: Headers, body: bytes) -> ColdAnswer:
    kept = [(name, value) for name, value in headers if name != b"content-length"]
    return ColdAnswer(status, [*kept, (b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff")], body)


def _environ(request: MlflowRequest) -> dict[str, Any]:
    headers = {
        f"HTTP_{name.decode('latin-1').upper().replace('-', '_')}": value.decode("latin-1")
        for name, value in request.headers.items()
        if name not in _OURS and name not in (b"content-type", b"content-length")
    }
    return headers | {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": request.path.encode("utf-8").decode("latin-1"),
        "QUERY_STRING": request.query.decode("latin-1"),
        "CONTENT_TYPE": request.headers.get(b"content-type", b"application/json").decode("latin-1"),
        "CONTENT_LENGTH": str(len(request.body)),
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_USER": request.caller.name,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
