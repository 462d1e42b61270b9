"""Whole HTTP messages: what our own data planes read and answer, with no transport in them."""

from __future__ import annotations

import http
import json
from typing import Any

Headers = list[tuple[bytes, bytes]]
JSON = b"application/json"
_REASONS = {status.value: status.phrase.encode() for status in http.HTTPStatus}


class Request:
    """One request with its whole body. Header names are lower case; `target` is as the client wrote it."""

    __slots__ = ("body", "headers", "keep_alive", "method", "peer", "target")

    def __init__(
        self, method: str, target: bytes, headers: Headers, body: bytes, *, keep_alive: bool = True, peer: str = ""
    ) -> None:
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
        self.keep_alive = keep_alive
        self.peer = peer

    def header(self, name: bytes) -> bytes | None:
        """The first value of a header; `name` in lower case."""
        for key, value in self.headers:
            if key == name:
                return value
        return None

    @property
    def path(self) -> bytes:
        return self.target.partition(b"?")[0]

    @property
    def query(self) -> bytes:
        return self.target.partition(b"?")[2]


class Response:
    """One answer with its whole body. Content-Length, Date and Connection are the server's to write."""

    __slots__ = ("body", "content_type", "headers", "status")

    def __init__(
        self, status: int, body: bytes = b"", content_type: bytes = JSON, headers: Headers | None = None
    ) -> None:
        self.status = status
        self.body = body
        self.content_type = content_type
        self.headers = headers or []

    def encode(self, *, date: bytes, keep_alive: bool, with_body: bool = True) -> bytes:
        head = [b"HTTP/1.1 %d %s\r\ndate: %s" % (self.status, _REASONS.get(self.status, b"Status"), date)]
        if self.content_type:
            head.append(b"content-type: " + self.content_type)
        head.append(b"content-length: %d" % len(self.body))
        head.extend(b"%s: %s" % pair for pair in self.headers if not _splits_a_header(*pair))
        if not keep_alive:
            head.append(b"connection: close")
        return b"\r\n".join(head) + b"\r\n\r\n" + (self.body if with_body else b"")


def _splits_a_header(name: bytes, value: bytes) -> bool:
    """A line break in a header that user code made would forge headers or a second answer."""
    return b"\r" in value or b"\n" in value or b"\r" in name or b"\n" in name or b":" in name


def error_response(status: int, code: str, message: str, *, headers: Headers | None = None, **more: Any) -> Response:
    """The error body every edge of the platform uses: {"error": {"code", "message", ...}}."""
    body = {"code": code, "message": message, **{key: value for key, value in more.items() if value is not None}}
    return Response(status, json.dumps({"error": body}, ensure_ascii=False).encode(), headers=headers)
