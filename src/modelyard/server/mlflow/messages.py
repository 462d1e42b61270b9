"""Requests and answers of the MLflow protocol, as plain ASGI: this path is too hot for a framework."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.types import Receive, Send

from modelyard.domain.errors import ModelyardError, TooLarge, Unauthenticated
from modelyard.services.tokens import Caller

_JSON_HEADERS = [
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
]
# The family's codes as MLflow clients know them.
_CODES = {
    "invalid_input": "INVALID_PARAMETER_VALUE",
    "unauthenticated": "UNAUTHENTICATED",
    "permission_denied": "PERMISSION_DENIED",
    "not_found": "RESOURCE_DOES_NOT_EXIST",
    "conflict": "RESOURCE_ALREADY_EXISTS",
    "too_large": "INVALID_PARAMETER_VALUE",
    "unsupported": "NOT_IMPLEMENTED",
    "unavailable": "TEMPORARILY_UNAVAILABLE",
    "storage_full": "TEMPORARILY_UNAVAILABLE",
}


@dataclass(frozen=True, slots=True)
class MlflowRequest:
    """One call. `path` is without the workspace's prefix; `workspace` exists and the caller may use it."""

    method: str
    path: str
    query: bytes
    headers: dict[bytes, bytes]
    body: bytes
    workspace: str
    caller: Caller

    def arguments(self, repeated: frozenset[str] = frozenset()) -> dict[str, Any]:
        """The message: JSON of the body, or the query of a GET (all texts; lists for the names in `repeated`).

        ValueError for anything else.
        """
        if self.method == "GET" and self.query:
            given = parse_qsl(self.query.decode("latin-1"), keep_blank_values=True)
            first: dict[str, Any] = dict(reversed(given))
            return first | {name: [value for other, value in given if other == name] for name in repeated}
        found = orjson.loads(self.body) if self.body else {}
        if not isinstance(found, dict):
            raise ValueError("not an object")
        return found


def bearer(header: bytes | None) -> str:
    """The token of an Authorization header: Bearer, or the password of Basic. Unauthenticated without one."""
    scheme, _, value = (header or b"").partition(b" ")
    token = b""
    if scheme.lower() == b"bearer":
        token = value.strip()
    elif scheme.lower() == b"basic":
        try:
            token = base64.b64decode(value, validate=True).partition(b":")[2]
        except binascii.Error:
            token = b""
    if not token:
        raise Unauthenticated(
            "This address needs a token.",
            mend="set MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and the token as MLFLOW_TRACKING_PASSWORD",
        )
    return token.decode("latin-1")


async def read_body(receive: Receive, limit: int) -> bytes:
    """The whole body; TooLarge beyond `limit` bytes."""
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body", False):
        _check_size(len(body), limit)
        return body
    chunks, size = [body], len(body)
    while message.get("more_body", False):
        _check_size(size, limit)
        message = await receive()
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
    _check_size(size, limit)
    return b"".join(chunks)


async def send_document(send: Send, document: dict[str, Any], status: int = 200) -> None:
    """Answer with JSON. Infinite numbers must be texts already."""
    await send_body(send, orjson.dumps(document), status, _JSON_HEADERS)


async def send_body(send: Send, body: bytes, status: int, headers: list[tuple[bytes, bytes]]) -> None:
    """Answer with one piece."""
    headers = [*headers, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def send_error(send: Send, error: ModelyardError) -> None:
    """Answer with an error of the family, in MLflow's form."""
    message = error.message if error.mend is None else f"{error.message} ({error.mend})"
    document = {"error_code": _CODES.get(error.code, "INTERNAL_ERROR"), "message": message}
    headers = list(_JSON_HEADERS)
    if isinstance(error, Unauthenticated):
        headers.append((b"www-authenticate", b'Bearer realm="modelyard"'))
    await send_body(send, orjson.dumps(document), error.status, headers)


def _check_size(size: int, limit: int) -> None:
    if size > limit:
        raise TooLarge(f"The body is larger than {limit} bytes.", mend="send fewer or smaller values in one call")
