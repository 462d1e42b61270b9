"""A small HTTP/1.1 server for our own data planes, over TCP or a Unix socket.

It exists because a general ASGI server costs more per request than a fast model does, and because the edge must
bound what a stranger can hold: bytes of head and body, seconds of silence, connections, memory in all. A request
reaches the handler whole; slow senders never occupy it. Parsing is llhttp's (httptools), strict.
"""

from __future__ import annotations

import asyncio
import email.utils
import logging
import os
import time
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, cast

import httptools

from modelyard.kit.http_message import Headers, Request, Response, error_response

log = logging.getLogger(__name__)

Handler = Callable[[Request], Response | Coroutine[Any, Any, Response]]
_PIPELINE = 8
_FOREVER = float("inf")


@dataclass(frozen=True)
class HttpLimits:
    """What one client, and all of them together, may hold."""

    body_bytes: int = 64 << 20
    head_bytes: int = 64 << 10
    head_seconds: float = 10.0
    body_silence_seconds: float = 20.0
    idle_seconds: float = 75.0
    write_seconds: float = 60.0
    linger_seconds: float = 2.0
    connections: int = 20_000
    buffered_bytes: int = 1 << 30


class HttpServer:
    """Calls `handle` once per whole request; an answer may be given at once or by a coroutine.

    A coroutine is cancelled when its client goes away. All methods belong to the event loop's thread.
    """

    def __init__(self, handle: Handler, limits: HttpLimits | None = None) -> None:
        self.handle = handle
        self.limits = limits or HttpLimits()
        self.connections: set[HttpConnection] = set()
        self.buffered = 0
        self.draining = False
        self.now = 0.0
        self.date = b""
        self._listeners: list[asyncio.Server] = []
        self._sweeper: asyncio.Task[None] | None = None

    async def listen_tcp(self, host: str, port: int, *, reuse_port: bool = False) -> int:
        """Listen, and return the port (a free one is chosen for 0)."""
        loop = asyncio.get_running_loop()
        listener = await loop.create_server(
            lambda: HttpConnection(self), host, port, backlog=4096, reuse_port=reuse_port or None
        )
        self._started(listener)
        return int(listener.sockets[0].getsockname()[1])

    async def listen_unix(self, path: str) -> None:
        """Listen on a socket that only this user may connect to."""
        before = os.umask(0o177)
        try:
            listener = await asyncio.get_running_loop().create_unix_server(
                lambda: HttpConnection(self), path, backlog=4096
            )
        finally:
            os.umask(before)
        self._started(listener)

    async def drain(self, seconds: float) -> bool:
        """Stop listening, finish what has begun, close the rest. True when nothing had to be cut off."""
        self.draining = True
        for listener in self._listeners:
            listener.close()
        for connection in list(self.connections):
            connection.finish()
        deadline = time.monotonic() + seconds
        while self.connections and time.monotonic() < deadline:
            await asyncio.sleep(0.01)
        clean = not self.connections
        for connection in list(self.connections):
            connection.abort()
        if self._sweeper is not None:
            self._sweeper.cancel()
        return clean

    def _started(self, listener: asyncio.Server) -> None:
        self._listeners.append(listener)
        self._tick()
        if self._sweeper is None:
            self._sweeper = asyncio.get_running_loop().create_task(self._sweep())

    async def _sweep(self) -> None:
        """One timer for all connections: a timer each would cost more than the requests."""
        while True:
            await asyncio.sleep(0.25)
            self._tick()
            for connection in [one for one in self.connections if one.deadline < self.now]:
                connection.expire()

    def _tick(self) -> None:
        self.now = time.monotonic()
        self.date = email.utils.formatdate(usegmt=True).encode()


class HttpConnection(asyncio.Protocol):
    """One client's connection: parses, queues pipelined requests, answers them in order."""

    def __init__(self, server: HttpServer) -> None:
        self.server = server
        self.deadline = server.now + server.limits.head_seconds
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport = cast(asyncio.Transport, None)
        self._peer = ""
        self._pending: deque[Request | Response] = deque()
        self._task: asyncio.Task[Response] | None = None
        self._current: Request | None = None
        self._deaf = False  # after a refusal: whatever comes is thrown away
        self._in_message = False
        self._offered_body = 0
        self._forget_message()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        self._peer = str(peer[0]) if isinstance(peer, tuple) else ""
        self.server.connections.add(self)
        if len(self.server.connections) > self.server.limits.connections:
            self._refuse(503, "too_many_connections", "Too many connections; try again later.")

    def connection_lost(self, exc: Exception | None) -> None:
        self.server.connections.discard(self)
        self._drop_pending()
        self._release(self._size)
        self._forget_message()
        if self._task is not None:
            self._task.cancel()

    def data_received(self, data: bytes) -> None:
        if self._in_message and self._head_done:
            self.deadline = self.server.now + self.server.limits.body_silence_seconds
        if self._offered_body and not self._deaf:
            self._take_offered_body(data)
            return
        if self._deaf:
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._take_offered_body(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            if not self._deaf:
                self._refuse(400, "bad_request", "This is not a well-formed HTTP/1.1 request.")

    def pause_writing(self) -> None:
        self.deadline = self.server.now + self.server.limits.write_seconds

    def resume_writing(self) -> None:
        self.deadline = self.server.now + self.server.limits.idle_seconds

    # httptools callbacks

    def on_message_begin(self) -> None:
        self._in_message = True
        self.deadline = self.server.now + self.server.limits.head_seconds

    def on_url(self, url: bytes) -> None:
        self._target += url
        self._head_grew(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.lower(), value))
        self._head_grew(len(name) + len(value) + 4)

    def on_headers_complete(self) -> None:
        self._head_done = True
        self.deadline = self.server.now + self.server.limits.body_silence_seconds
        for name, value in self._headers:
            if name == b"content-length" and int(value) > self.server.limits.body_bytes:
                self._refuse_body()
            elif name == b"expect" and value.lower() == b"100-continue" and not self._deaf:
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, chunk: bytes) -> None:
        if self._deaf:
            return
        self._size += len(chunk)
        self.server.buffered += len(chunk)
        if self._size > self.server.limits.body_bytes:
            self._refuse_body()
        elif self.server.buffered > self.server.limits.buffered_bytes:
            self._refuse(503, "busy", "Too many large requests at once; try again.", ((b"retry-after", b"1"),))
        else:
            self._chunks.append(chunk)

    def on_message_complete(self) -> None:
        if self._deaf:
            return
        if self._parser.should_upgrade():
            length = next((int(value) for name, value in self._headers if name == b"content-length"), 0)
            self._offered_body = max(length - self._size, 0)
            if self._offered_body:
                return
        self._dispatch(keep_alive=self._parser.should_keep_alive() and not self._parser.should_upgrade())

    def _dispatch(self, *, keep_alive: bool) -> None:
        method = self._parser.get_method().decode("ascii", "replace")
        body = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._pending.append(Request(method, self._target, self._headers, body, keep_alive=keep_alive, peer=self._peer))
        self._forget_message()
        if self._task is not None and len(self._pending) >= _PIPELINE:
            self._transport.pause_reading()
        self._serve()

    def _take_offered_body(self, data: bytes) -> None:
        """An offer of another protocol (Java's client makes one with its first request) is passed over.

        The parser stops at such a head; the body is read here, the request answered, and the connection closed.
        """
        chunk = data[: self._offered_body]
        self._offered_body -= len(chunk)
        if chunk:
            self.on_body(chunk)
        if self._offered_body or self._deaf:
            return
        if self._in_message:
            self._dispatch(keep_alive=False)
        self._deaf = True

    # what the server asks

    def expire(self) -> None:
        """Too long without progress: say so where a request has begun, and close."""
        if self._deaf or not self._in_message or self._transport.is_closing():
            self.abort()
        else:
            self._refuse(408, "timeout", "The request took too long to arrive.")

    def finish(self) -> None:
        """Close now when idle, else after the answers that are owed."""
        if self._task is None and not self._pending and not self._in_message:
            self._transport.close()

    def abort(self) -> None:
        self._transport.abort()

    # serving

    def _serve(self) -> None:
        while self._pending and self._task is None:
            item = self._pending.popleft()
            if isinstance(item, Response):
                self._close_with(item)
                return
            self._current = item
            self.deadline = _FOREVER
            try:
                answer = self.server.handle(item)
            except Exception:
                log.exception("the handler failed")
                answer = _internal_error()
            if isinstance(answer, Response):
                self._answer(item, answer)
            else:
                self._task = asyncio.get_running_loop().create_task(answer)
                self._task.add_done_callback(self._answered)

    def _answered(self, task: asyncio.Task[Response]) -> None:
        self._task = None
        request = cast(Request, self._current)
        if task.cancelled():
            self._release(len(request.body))
            self._transport.abort()
            return
        if (error := task.exception()) is not None:
            log.error("the handler failed", exc_info=error)
        self._answer(request, _internal_error() if error is not None else task.result())
        self._transport.resume_reading()
        self._serve()

    def _answer(self, request: Request, response: Response) -> None:
        self._current = None
        self._release(len(request.body))
        if self._transport.is_closing():
            return
        keep_alive = request.keep_alive and not self.server.draining
        self.deadline = self.server.now + self.server.limits.idle_seconds
        payload = response.encode(date=self.server.date, keep_alive=keep_alive, with_body=request.method != "HEAD")
        self._transport.write(payload)
        if not keep_alive:
            self._deaf = True
            self._drop_pending()
            self._transport.close()

    def _refuse_body(self) -> None:
        limit = self.server.limits.body_bytes
        self._refuse(413, "too_large", f"The body is larger than the {limit} bytes that are accepted.")

    def _refuse(self, status: int, code: str, message: str, headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
        """Answer an error after those owed before it, and read no more."""
        self._deaf = True
        self._release(self._size)
        self._forget_message()
        self._pending.append(error_response(status, code, message, headers=list(headers)))
        self._serve()

    def _close_with(self, response: Response) -> None:
        """Send, half-close and linger: closing at once over unread bytes would destroy the answer on its way."""
        self._transport.write(response.encode(date=self.server.date, keep_alive=False))
        self.deadline = self.server.now + self.server.limits.linger_seconds
        if self._transport.can_write_eof():
            self._transport.write_eof()
        else:
            self._transport.close()

    # the message being read

    def _forget_message(self) -> None:
        self._in_message = False
        self._head_done = False
        self._target = b""
        self._headers: Headers = []
        self._chunks: list[bytes] = []
        self._head_size = 0
        self._size = 0

    def _head_grew(self, size: int) -> None:
        self._head_size += size
        if self._head_size > self.server.limits.head_bytes and not self._deaf:
            self._refuse(431, "too_large", "The request's headers are too large.")

    def _drop_pending(self) -> None:
        self._release(sum(len(one.body) for one in self._pending if isinstance(one, Request)))
        self._pending.clear()

    def _release(self, size: int) -> None:
        self.server.buffered -= size


def _internal_error() -> Response:
    return error_response(500, "internal", "The server failed to answer; its log says why.")
