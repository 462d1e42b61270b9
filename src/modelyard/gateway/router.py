"""From a request to an answer: find the endpoint, check the key, deliver, record."""

from __future__ import annotations

import asyncio
import logging
import os
import random
import re
import time

from modelyard.gateway.access_log import AccessLog
from modelyard.gateway.authorization import Authorizer, bearer
from modelyard.gateway.delivery import Delivery, NotDelivered
from modelyard.gateway.metrics import GatewayMetrics
from modelyard.gateway.routing import DeploymentRoute, EndpointRoute
from modelyard.gateway.traffic import NoDeployment, mirror
from modelyard.gateway.upstream import Answer, UpstreamError
from modelyard.kit.http_message import JSON, Request, Response, error_response

log = logging.getLogger(__name__)

DEPLOYMENT_HEADER = b"azureml-model-deployment"
REQUEST_ID_HEADER = b"x-ms-request-id"
_CLIENT_ID_HEADERS = (REQUEST_ID_HEADER, b"x-ms-client-request-id", b"x-request-id")
_SAFE_ID = re.compile(rb"[\w.:/+=-]{1,128}\Z")
# The key is for the gateway alone; the rest are matters of one connection.
_NOT_FORWARDED = frozenset(
    b"authorization host connection keep-alive proxy-connection te trailer transfer-encoding upgrade expect "
    b"content-length x-ms-request-id".split()
)
_NOT_RETURNED = frozenset(b"connection keep-alive transfer-encoding content-length content-type date server".split())
_MIRRORS_AT_ONCE = 64
_SHORT_FORM = b"endpoints"


class Router:
    """Answers everything below `/<workspace>/<endpoint>/`."""

    def __init__(self, authorizer: Authorizer, access_log: AccessLog | None = None) -> None:
        self.metrics = GatewayMetrics()
        self._draw = random.Random()
        self.delivery = Delivery(self._draw, self._count_retry)
        self._authorizer = authorizer
        self._access_log = access_log
        self._mirrors: set[asyncio.Task[None]] = set()

    async def route(self, request: Request) -> Response:
        request_id = _request_id(request)
        response = await self._route(request, request_id)
        response.headers.append((REQUEST_ID_HEADER, request_id))
        return response

    async def _route(self, request: Request, request_id: bytes) -> Response:
        credential = bearer(request.header(b"authorization"))
        if credential is None:
            return self._refuse(401, "unauthenticated", "Send 'Authorization: Bearer <endpoint key>'.")
        key, target = split_target(request.target)
        endpoint = self.delivery.table.endpoints.get(key)
        if endpoint is None:
            return self._refuse(404, "not_found", "There is no such endpoint here.")
        if not self._authorizer.opens(endpoint, credential):
            return self._refuse(401, "unauthenticated", "The key or token is not valid for this endpoint.")
        return await self._score(request, request_id, endpoint, target)

    async def _score(self, request: Request, request_id: bytes, endpoint: EndpointRoute, target: bytes) -> Response:
        started = time.perf_counter()
        header = request.header(DEPLOYMENT_HEADER)
        payload = _encode(request, request_id, target)
        deployment = instance = ""
        try:
            delivered = await self.delivery.deliver(
                endpoint, header.decode("utf-8", "replace") if header else None, payload
            )
        except NoDeployment as error:
            status, code = (503, "no_instance") if error.temporary else (404, "no_deployment")
            response = self._refuse(status, code, str(error), mend=error.mend)
        except NotDelivered as error:
            response = error_response(error.status, error.code, str(error))
            deployment = error.deployment
        else:
            deployment, instance = delivered.deployment, delivered.instance
            response = _response(delivered.answer)
        if deployment:
            response.headers.append((DEPLOYMENT_HEADER, deployment.encode()))
            seconds = time.perf_counter() - started
            self.metrics.answered(endpoint.key, deployment, response.status, seconds)
            self._record(request, request_id, endpoint.key, deployment, instance, response, seconds)
        if header is None and endpoint.mirror_traffic:
            self._mirror(endpoint, deployment, payload)
        return response

    def _mirror(self, endpoint: EndpointRoute, answering: str, payload: bytes) -> None:
        """Send a copy after the caller's own answer is known: it must not cost the caller anything."""
        copy_to = mirror(endpoint, answering, self._draw)
        if copy_to is None:
            return
        if len(self._mirrors) >= _MIRRORS_AT_ONCE:
            self.metrics.mirrored[endpoint.key, copy_to.name, "dropped"] += 1
            return
        task = asyncio.get_running_loop().create_task(self._copy(endpoint.key, copy_to, payload))
        self._mirrors.add(task)
        task.add_done_callback(self._mirrors.discard)

    async def _copy(self, endpoint: str, deployment: DeploymentRoute, payload: bytes) -> None:
        try:
            deadline = time.monotonic() + deployment.patience_seconds
            delivered = await self.delivery.offer(deployment, payload, deadline)
            result = str(delivered.answer.status)
        except UpstreamError as error:
            result = type(error).__name__
        self.metrics.mirrored[endpoint, deployment.name, result] += 1

    def _record(
        self, request: Request, request_id: bytes, endpoint: str, deployment: str, instance: str,
        response: Response, seconds: float,
    ) -> None:  # fmt: skip
        if self._access_log is None:
            return
        self._access_log.add(
            id=request_id.decode("ascii", "replace"),
            peer=request.peer,
            method=request.method,
            path=request.path.decode("ascii", "replace"),
            endpoint=endpoint,
            deployment=deployment,
            instance=instance,
            status=response.status,
            ms=round(seconds * 1000, 3),
            bytes_in=len(request.body),
            bytes_out=len(response.body),
        )

    def _refuse(self, status: int, code: str, message: str, *, mend: str | None = None) -> Response:
        self.metrics.refused[code] += 1
        headers = []
        if status == 401:
            headers = [(b"www-authenticate", b'Bearer realm="modelyard"')]
        elif status == 503:
            headers = [(b"retry-after", b"1")]
        return error_response(status, code, message, headers=headers, mend=mend)

    def _count_retry(self, endpoint: str, deployment: str) -> None:
        self.metrics.retries[endpoint, deployment] += 1


def split_target(target: bytes) -> tuple[str, bytes]:
    """`/ws/endpoint/score?x` -> (`ws/endpoint`, `/score?x`); `/endpoints/<endpoint>/...` is the default workspace's."""
    parts = target.split(b"/", 3)
    if len(parts) < 3 or parts[0]:
        return "", b"/"
    workspace = b"default" if parts[1] == _SHORT_FORM else parts[1]
    endpoint, mark, query = parts[2].partition(b"?")
    rest = parts[3] if len(parts) == 4 else mark + query
    return f"{workspace.decode('ascii', 'replace')}/{endpoint.decode('ascii', 'replace')}", b"/" + rest


def _request_id(request: Request) -> bytes:
    """The caller's own correlation id when it is harmless, else a new one."""
    for name in _CLIENT_ID_HEADERS:
        given = request.header(name)
        if given is not None and _SAFE_ID.match(given):
            return given
    return os.urandom(16).hex().encode()


def _encode(request: Request, request_id: bytes, target: bytes) -> bytes:
    lines = [
        b"%s %s HTTP/1.1" % (request.method.encode(), target),
        b"host: worker",
        b"content-length: %d" % len(request.body),
        b"x-ms-request-id: " + request_id,
    ]
    lines += [name + b": " + value for name, value in request.headers if name not in _NOT_FORWARDED]
    return b"\r\n".join(lines) + b"\r\n\r\n" + request.body


def _response(answer: Answer) -> Response:
    content_type = JSON
    headers = []
    for pair in answer.headers:
        if pair[0] == b"content-type":
            content_type = pair[1]
        elif pair[0] not in _NOT_RETURNED:
            headers.append(pair)
    return Response(answer.status, answer.body, content_type, headers)
