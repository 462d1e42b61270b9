"""The way into the MLflow protocol, ahead of the framework, which is too slow for these calls."""

from __future__ import annotations

import logging
from functools import cache, partial
from importlib.metadata import version
from typing import Any
from urllib.parse import parse_qsl, urlencode

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import State
from starlette.types import Receive, Scope, Send

from modelyard.domain.errors import ModelyardError
from modelyard.domain.permissions import Permission
from modelyard.kit.ids import random_text
from modelyard.server.access import authorize
from modelyard.server.mlflow import artifacts
from modelyard.server.mlflow.cold import OTLP_PATH
from modelyard.server.mlflow.hot.arguments import NotHot, check_spelling
from modelyard.server.mlflow.hot.call import HotCall
from modelyard.server.mlflow.hot.table import HOT_CALLS
from modelyard.server.mlflow.messages import MlflowRequest, bearer, read_body, send_body, send_document, send_error
from modelyard.server.mlflow.service import MlflowService
from modelyard.server.mlflow.workspace_names import run_of_job, split_path, wanted_workspace

_LOG = logging.getLogger("modelyard.server.mlflow")
_ROOTS = ("/api/2.0/mlflow", "/api/3.0/mlflow", OTLP_PATH)
# Clients ask for it before they send spans.
VERSION_PATH = "/version"
# POSTs that only read.
_READING_ENDS = ("/search", "/batchGetInfos", "/get-latest-versions", "/calculate-filter-correlation", "/metrics")


class MlflowBranch:
    """Answers `/api/2.0/mlflow...`, `/api/3.0/mlflow...` and the same below `/mlflow/<workspace>`.

    `state` is the application's, whose `yard` is the open AppState once the server has started.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._service: MlflowService | None = None

    async def answered(self, scope: Scope, receive: Receive, send: Send) -> bool:
        """Whether the call is of this protocol; then it has been answered."""
        prefix, path = split_path(scope["path"])
        if not path.startswith(_ROOTS) and path != VERSION_PATH:
            return False
        try:
            await self._answer(scope, prefix, path, receive, send)
        except ModelyardError as error:
            await send_error(send, error)
        except Exception as error:
            number = random_text(12)
            _LOG.error("error %s in %s %s", number, scope["method"], path, exc_info=error)
            body = {"error_code": "INTERNAL_ERROR", "message": f"Unexpected error {number}; see server.log."}
            await send_document(send, body, 500)
        return True

    def close(self) -> None:
        """Let go of connections and threads; for the end of the process."""
        if self._service is not None:
            self._service.close()
            self._service = None

    async def _answer(self, scope: Scope, prefix: str | None, path: str, receive: Receive, send: Send) -> None:
        service = self._opened()
        headers = dict(scope["headers"])
        token = bearer(headers.get(b"authorization"))
        caller = service.tokens.cached(token)
        if caller is None:
            caller = await run_in_threadpool(service.tokens.authenticate, token)
        call = HOT_CALLS.get((scope["method"], path))
        workspace = wanted_workspace(prefix, headers.get(b"x-mlflow-workspace"), caller)
        authorize(caller, call.permission if call else _permission(scope["method"], path), workspace)
        if not service.workspaces.is_fresh(workspace):
            await service.engine.read(lambda connection: service.workspaces.check(connection, workspace))
        streamed = path.startswith(artifacts.PREFIX)
        body = b"" if streamed else await read_body(receive, service.max_body_bytes)
        request = MlflowRequest(scope["method"], path, scope["query_string"], headers, body, workspace, caller)
        if path == VERSION_PATH:
            await send_body(send, mlflow_version().encode(), 200, [(b"content-type", b"text/plain")])
        elif streamed:
            await service.artifacts.answer(request, receive, send)
        elif call is None or not await self._answer_hot(service, call, request, send):
            await self._answer_cold(service, request, send)

    async def _answer_hot(self, service: MlflowService, call: HotCall, request: MlflowRequest, send: Send) -> bool:
        """Whether the call could be answered here."""
        try:
            arguments = request.arguments(call.repeated)
            check_spelling(arguments)
            work = call.plan(request.workspace, arguments)
        except (NotHot, ValueError):
            return False
        if call.writes:
            document = await service.engine.write(work, one_statement=call.one_statement)
        else:
            document = await service.engine.read(work, heavy=call.heavy)
        if document is None:
            return False
        await send_document(send, document)
        return True

    async def _answer_cold(self, service: MlflowService, request: MlflowRequest, send: Send) -> None:
        renamed = await _with_run_of_job(service, request)
        call = HOT_CALLS.get((request.method, request.path))
        if renamed is not request and call is not None and await self._answer_hot(service, call, renamed, send):
            return
        native = service.native_call(renamed)
        document = None if native is None else await run_in_threadpool(native, renamed)
        if document is not None:
            await send_document(send, document)
            return
        answer = await service.cold.answer(renamed)
        if answer.status == 200 and service.notes.wants(renamed):
            await run_in_threadpool(service.notes.take, renamed, answer.body)
        await send_body(send, answer.body, answer.status, answer.headers)

    def _opened(self) -> MlflowService:
        """The service of this process, made at the first call: most servers start without being tracked to."""
        if self._service is None:
            self._service = MlflowService(self._state.yard)
        return self._service


@cache
def mlflow_version() -> str:
    """The release of MLflow whose protocol this server speaks."""
    return version("mlflow")


def _permission(method: str, path: str) -> Permission:
    reads = method in ("GET", "HEAD") or path.endswith(_READING_ENDS)
    return Permission.TRACKING_READ if reads else Permission.TRACKING_WRITE


async def _with_run_of_job(service: MlflowService, request: MlflowRequest) -> MlflowRequest:
    """The request with the run's id where it gives a job's name; itself when it gives none."""
    try:
        arguments = request.arguments()
    except ValueError:
        return request
    for name in ("run_id", "run_uuid"):
        given = arguments.get(name)
        if not isinstance(given, str) or not given or "\x00" in given:
            continue
        found = await service.engine.read(partial(run_of_job, workspace=request.workspace, name=given))
        if found is not None and found != given:
            return _replaced(request, arguments, {name: found})
    return request


def _replaced(request: MlflowRequest, arguments: dict[str, Any], changes: dict[str, str]) -> MlflowRequest:
    query, body = request.query, request.body
    if request.method == "GET" and query:
        pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
        query = urlencode([(name, changes.get(name, value)) for name, value in pairs]).encode()
    else:
        body = orjson.dumps(arguments | changes)
    return MlflowRequest(request.method, request.path, query, request.headers, body, request.workspace, request.caller)
