"""Oversized bodies are refused while they arrive, whether they say their length or not."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from modelyard.domain.errors import InvalidInput, TooLarge
from modelyard.server.errors import answer

# These take files: they bound themselves while they stream.
STREAMING_MARKS = ("/blobs/", "/mlflow-artifacts/")


class BodyLimit:
    """ASGI middleware: 413 once a body is beyond `max_bytes`."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self.app = app
        self.max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or any(mark in scope["path"] for mark in STREAMING_MARKS):
            return await self.app(scope, receive, send)
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if not declared.isdigit():
            return await answer(InvalidInput("Content-Length is not a number."))(scope, receive, send)
        if int(declared) > self.max_bytes:
            return await answer(self._refusal())(scope, receive, send)
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self.max_bytes:
                raise self._refusal()
            return message

        return await self.app(scope, counted, send)

    def _refusal(self) -> TooLarge:
        return TooLarge(
            f"The body is larger than {self.max_bytes} bytes.",
            mend="send files through the snapshot upload, or raise MODELYARD_MAX_BODY_BYTES on the server",
        )
