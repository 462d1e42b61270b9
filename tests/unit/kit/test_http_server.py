"""The data planes' HTTP server: whole requests, in order, within bounds; nobody's client can hurt another's."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from modelyard.kit.http_message import Request, Response
from modelyard.kit.http_server import Handler, HttpLimits, HttpServer

LIMITS = HttpLimits(body_bytes=1000, head_bytes=2000, head_seconds=0.3, body_silence_seconds=0.3)
GET = b"GET /a?b=c HTTP/1.1\r\nhost: x\r\n\r\n"


def echo(request: Request) -> Response:
    return Response(200, request.method.encode() + b" " + request.target + b" " + request.body, b"text/plain")


async def late_echo(request: Request) -> Response:
    await asyncio.sleep(0.01)
    return echo(request)


def on_server(
    test: Callable[[HttpServer, int], Awaitable[None]], handle: Handler = echo, limits: HttpLimits = LIMITS
) -> None:
    async def run() -> None:
        server = HttpServer(handle, limits)
        port = await server.listen_tcp("127.0.0.1", 0)
        try:
            await asyncio.wait_for(test(server, port), 10)
        finally:
            await server.drain(0.1)

    asyncio.run(run())


async def send(port: int, *chunks: bytes, pause: float = 0.0) -> bytes:
    """All that comes back until the server closes, or has been silent for a moment."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for chunk in chunks:
        writer.write(chunk)
        await asyncio.sleep(pause)
    found = b""
    try:
        while data := await asyncio.wait_for(reader.read(65536), 0.8):
            found += data
    except TimeoutError:
        pass
    finally:
        writer.close()
    return found


@pytest.mark.parametrize("handle", [echo, late_echo])
def test_pipelined_requests_are_answered_in_order(handle: Handler) -> None:
    async def test(server: HttpServer, port: int) -> None:
        posts = b"".join(b"POST /%d HTTP/1.1\r\ncontent-length: 2\r\n\r\n%02d" % (n, n) for n in range(30))
        found = await send(port, posts)
        bodies = [line for line in found.split(b"\r\n") if line.startswith(b"POST")]
        answers = [part.split(b"HTTP/1.1")[0] for part in bodies]
        assert answers == [b"POST /%d %02d" % (n, n) for n in range(30)]

    on_server(test, handle)


def test_body_in_pieces_arrives_whole() -> None:
    async def test(server: HttpServer, port: int) -> None:
        head = b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n"
        found = await send(port, head, b"3\r\nabc\r\n", b"2\r\nde\r\n", b"0\r\n\r\n", pause=0.01)
        assert found.endswith(b"POST / abcde")
        assert server.buffered == 0

    on_server(test)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"POST / HTTP/1.1\r\ncontent-length: 1001\r\n\r\n", b"413"),
        (b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n4b0\r\n" + b"x" * 1200, b"413"),
        (b"GET / HTTP/1.1\r\nlong: " + b"x" * 3000 + b"\r\n\r\n", b"431"),
        (b"\x16\x03\x01 nonsense\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n", b"400"),
        (b"GET / HTT", b"408"),
        (b"POST / HTTP/1.1\r\ncontent-length: 10\r\n\r\nabc", b"408"),
    ],
)
def test_what_is_refused(sent: bytes, status: bytes) -> None:
    async def test(server: HttpServer, port: int) -> None:
        found = await send(port, sent)
        assert found.startswith(b"HTTP/1.1 " + status), found
        assert b"connection: close" in found
        assert b'{"error": {"code"' in found
        assert (await send(port, GET)).startswith(b"HTTP/1.1 200")
        assert server.buffered == 0

    on_server(test)


def test_refusal_comes_after_the_answers_owed_before_it() -> None:
    async def test(server: HttpServer, port: int) -> None:
        found = await send(port, GET + b"POST / HTTP/1.1\r\ncontent-length: 5000\r\n\r\n")
        assert found.index(b"200 OK") < found.index(b"413")

    on_server(test, late_echo)


def test_offer_to_upgrade_is_passed_over() -> None:
    """Java's client offers HTTP/2 with every first request."""

    async def test(server: HttpServer, port: int) -> None:
        head = b"POST / HTTP/1.1\r\nconnection: upgrade, http2-settings\r\nupgrade: h2c\r\ncontent-length: 3\r\n\r\nabc"
        found = await send(port, head)
        assert found.startswith(b"HTTP/1.1 200")
        assert found.endswith(b"POST / abc")

    on_server(test)


def test_silent_client_is_closed_without_an_answer() -> None:
    async def test(server: HttpServer, port: int) -> None:
        assert await send(port) == b""

    on_server(test)


def test_expectation_is_answered_before_the_body() -> None:
    async def test(server: HttpServer, port: int) -> None:
        head = b"POST / HTTP/1.1\r\nexpect: 100-continue\r\ncontent-length: 3\r\n\r\n"
        found = await send(port, head, b"abc", pause=0.05)
        assert found.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK")

    on_server(test)


def test_client_that_leaves_cancels_its_request() -> None:
    events: list[str] = []

    async def slow(request: Request) -> Response:
        events.append("begun")
        try:
            await asyncio.sleep(5)
        except asyncio.CancelledError:
            events.append("cancelled")
            raise
        return Response(200)

    async def test(server: HttpServer, port: int) -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GET)
        while not events:
            await asyncio.sleep(0.01)
        writer.transport.abort()
        while len(events) < 2:
            await asyncio.sleep(0.01)
        assert events == ["begun", "cancelled"]

    on_server(test, slow)


def test_failing_handler_is_a_500_without_its_reason() -> None:
    def broken(request: Request) -> Response:
        raise RuntimeError("the secret reason")

    async def test(server: HttpServer, port: int) -> None:
        found = await send(port, GET)
        assert found.startswith(b"HTTP/1.1 500")
        assert b"secret" not in found

    on_server(test, broken)


def test_header_made_by_user_code_cannot_forge_others() -> None:
    def forging(request: Request) -> Response:
        return Response(200, headers=[(b"x", b"1\r\nset-cookie: a"), (b"fine", b"2")])

    async def test(server: HttpServer, port: int) -> None:
        found = await send(port, GET)
        assert b"set-cookie" not in found
        assert b"fine: 2" in found

    on_server(test, forging)


def test_draining_finishes_what_has_begun() -> None:
    async def test(server: HttpServer, port: int) -> None:
        answer = asyncio.create_task(send(port, GET))
        while not server.connections or not next(iter(server.connections))._task:
            await asyncio.sleep(0.001)
        assert await server.drain(2)
        assert (await answer).startswith(b"HTTP/1.1 200")
        with pytest.raises(OSError, match=r".*"):
            await asyncio.open_connection("127.0.0.1", port)

    on_server(test, late_echo)


def test_connections_beyond_the_limit_are_told_to_come_later() -> None:
    async def test(server: HttpServer, port: int) -> None:
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        await asyncio.sleep(0.05)
        assert (await send(port, GET)).startswith(b"HTTP/1.1 503")
        for _, writer in held:
            writer.close()

    on_server(test, limits=replace(LIMITS, connections=3, head_seconds=5))


def test_head_has_no_body() -> None:
    async def test(server: HttpServer, port: int) -> None:
        found = await send(port, GET.replace(b"GET", b"HEAD"))
        assert b"content-length: 12" in found
        assert found.endswith(b"\r\n\r\n")

    on_server(test)
