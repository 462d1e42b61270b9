"""Pooled keep-alive connections to scoring workers over their Unix sockets.

The errors tell the router what it may do next: nothing was scored (`ConnectFailed`), the worker died before it
answered a byte (`DiedBeforeAnswer`), it died within its answer (`DiedWithinAnswer`), it took too long (`TimedOut`).
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import cast

import httptools

from modelyard.kit.http_message import Headers

_ANSWER_BYTES = 256 << 20


class UpstreamError(Exception):
    """A worker gave no whole answer."""


class ConnectFailed(UpstreamError):
    """Nobody listens on the socket: nothing was sent."""


class DiedBeforeAnswer(UpstreamError):
    """The connection ended before the first byte of an answer."""


class DiedWithinAnswer(UpstreamError):
    """The connection ended, or spoke no HTTP, after the answer had begun."""


class TimedOut(UpstreamError):
    """No whole answer in time; the worker may still be at it."""


class Answer:
    """A worker's whole answer."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, headers: Headers, body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body


class InstancePool:
    """The connections to one instance, and how many requests it holds now."""

    def __init__(self, instance_id: str, socket: str) -> None:
        self.instance_id = instance_id
        self.socket = socket
        self.in_flight = 0
        self._idle: deque[UpstreamConnection] = deque()

    async def exchange(self, payload: bytes, timeout_seconds: float) -> Answer:
        """Send one request and return its answer, or raise an UpstreamError."""
        self.in_flight += 1
        try:
            while self._idle:
                connection = self._idle.pop()
                try:
                    return await self._on(connection, payload, timeout_seconds)
                except DiedBeforeAnswer:
                    # A kept connection may have been closed in the meantime: that says nothing of the worker.
                    continue
            return await self._on(await self._connect(), payload, timeout_seconds)
        finally:
            self.in_flight -= 1

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()

    async def _on(self, connection: UpstreamConnection, payload: bytes, timeout_seconds: float) -> Answer:
        try:
            answer = await connection.exchange(payload, timeout_seconds)
        except BaseException:
            connection.close()
            raise
        if connection.reusable:
            self._idle.append(connection)
        else:
            connection.close()
        return answer

    async def _connect(self) -> UpstreamConnection:
        try:
            _, connection = await asyncio.get_running_loop().create_unix_connection(UpstreamConnection, self.socket)
        except OSError as error:
            raise ConnectFailed(str(error)) from error
        return connection


class UpstreamConnection(asyncio.Protocol):
    """One connection to a worker; one exchange at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport = cast(asyncio.Transport, None)
        self._waiter: asyncio.Future[Answer] | None = None
        self._lost = False
        self._reset()

    @property
    def reusable(self) -> bool:
        return not self._lost and self._keep_alive

    async def exchange(self, payload: bytes, timeout_seconds: float) -> Answer:
        if self._lost:
            raise DiedBeforeAnswer("the connection was closed")
        loop = asyncio.get_running_loop()
        self._reset()
        waiter: asyncio.Future[Answer] = loop.create_future()
        self._waiter = waiter
        timer = loop.call_later(timeout_seconds, self._fail, TimedOut(f"no answer in {timeout_seconds:g} s"))
        self._transport.write(payload)
        try:
            return await waiter
        finally:
            timer.cancel()
            self._waiter = None

    def close(self) -> None:
        self._transport.abort()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = True
        died = DiedWithinAnswer if self._begun else DiedBeforeAnswer
        self._fail(died("the worker closed the connection"))

    def data_received(self, data: bytes) -> None:
        self._begun = True
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._keep_alive = False
            self._fail(DiedWithinAnswer("the worker's answer is not HTTP"))

    # httptools callbacks

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.lower(), value))

    def on_body(self, chunk: bytes) -> None:
        self._size += len(chunk)
        if self._size > _ANSWER_BYTES:
            self._keep_alive = False
            self._fail(DiedWithinAnswer(f"the worker's answer is larger than {_ANSWER_BYTES} bytes"))
        else:
            self._chunks.append(chunk)

    def on_message_complete(self) -> None:
        self._keep_alive = self._parser.should_keep_alive()
        if self._waiter is not None and not self._waiter.done():
            body = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
            self._waiter.set_result(Answer(self._parser.get_status_code(), self._headers, body))

    def _fail(self, error: UpstreamError) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(error)

    def _reset(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._headers: Headers = []
        self._chunks: list[bytes] = []
        self._size = 0
        self._begun = False
        self._keep_alive = False
