"""A request through the gateway's router to workers on Unix sockets: who answers, what is repeated, what is refused."""

import asyncio
import hashlib
import json
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from modelyard.gateway.authorization import Authorizer
from modelyard.gateway.router import Router, split_target
from modelyard.gateway.routing import RoutingTable
from modelyard.kit.http_message import Request, Response
from modelyard.kit.http_server import HttpServer

KEY = b"Bearer good"
HASH = hashlib.sha256(b"good").hexdigest()


@pytest.fixture
def sockets() -> Iterator[Path]:
    """A folder whose path is short enough for Unix sockets."""
    with tempfile.TemporaryDirectory(prefix="my-") as folder:
        yield Path(folder)


STARTED: list["FakeWorker"] = []


class FakeWorker:
    """Answers by its name; can be told to die instead, before a byte of answer."""

    def __init__(self, name: str, socket: Path) -> None:
        self.name = name
        self.socket = str(socket)
        self.seen: list[Request] = []
        self.deaths = 0
        self.seconds = 0.0
        self.server = HttpServer(self.handle)

    async def start(self) -> "FakeWorker":
        await self.server.listen_unix(self.socket)
        STARTED.append(self)
        return self

    async def handle(self, request: Request) -> Response:
        self.seen.append(request)
        await asyncio.sleep(self.seconds)
        if self.deaths:
            self.deaths -= 1
            for connection in list(self.server.connections):
                connection.abort()
            await asyncio.sleep(1)
        return Response(200, self.name.encode(), b"text/plain", [(b"x-worker", b"yes"), (b"server", b"hidden")])


def table(workers: dict[str, list[FakeWorker]], version: int = 1, **more: Any) -> RoutingTable:
    deployments = {
        name: {
            "instances": [{"id": one.name, "socket": one.socket} for one in instances],
            "request_timeout_ms": 400,
            "max_queue_wait_ms": 0,
        }
        for name, instances in workers.items()
    }
    endpoint = {"key_hashes": [HASH], "traffic": {next(iter(workers)): 100}, "deployments": deployments} | more
    return RoutingTable.from_dict({"version": version, "endpoints": {"ws/iris": endpoint}})


def score(**headers: bytes) -> Request:
    given = {"authorization": KEY, "content-type": b"application/json"} | headers
    pairs = [(name.replace("_", "-").encode(), value) for name, value in given.items() if value]
    return Request("POST", b"/ws/iris/score?x=1", pairs, b"{}")


def routed(test: Callable[[Router], Awaitable[None]], tmp_path: Path) -> None:
    async def run() -> None:
        router = Router(Authorizer(tmp_path))
        try:
            await asyncio.wait_for(test(router), 10)
        finally:
            router.delivery.close()
            while STARTED:
                await STARTED.pop().server.drain(0.05)
            await asyncio.sleep(0.01)  # the transports close in the loop's next rounds

    asyncio.run(run())


@pytest.mark.parametrize(
    ("target", "found"),
    [
        (b"/ws/iris/score", ("ws/iris", b"/score")),
        (b"/ws/iris/v2/models/m/infer?a=/b", ("ws/iris", b"/v2/models/m/infer?a=/b")),
        (b"/endpoints/iris/score", ("default/iris", b"/score")),
        (b"/ws/iris", ("ws/iris", b"/")),
        (b"/ws/iris?x=1", ("ws/iris", b"/?x=1")),
        (b"/", ("", b"/")),
        (b"nonsense", ("", b"/")),
    ],
)
def test_address_is_split(target: bytes, found: tuple[str, bytes]) -> None:
    assert split_target(target) == found


def test_request_reaches_the_worker_without_the_key(sockets: Path) -> None:
    async def test(router: Router) -> None:
        worker = await FakeWorker("a", sockets / "a").start()
        router.delivery.adopt(table({"blue": [worker]}))
        response = await router.route(score(x_ms_client_request_id=b"my-id", x_custom=b"kept"))

        assert (response.status, response.body, response.content_type) == (200, b"a", b"text/plain")
        headers = dict(response.headers)
        assert headers[b"azureml-model-deployment"] == b"blue"
        assert headers[b"x-ms-request-id"] == b"my-id"
        assert headers[b"x-worker"] == b"yes"
        assert b"server" not in headers
        [seen] = worker.seen
        assert seen.target == b"/score?x=1"
        assert seen.header(b"authorization") is None
        assert seen.header(b"x-custom") == b"kept"
        assert seen.header(b"x-ms-request-id") == b"my-id"

    routed(test, sockets)


def test_id_that_could_forge_a_header_is_replaced(sockets: Path) -> None:
    async def test(router: Router) -> None:
        response = await router.route(score(x_ms_request_id=b"a b<c>"))
        assert len(dict(response.headers)[b"x-ms-request-id"]) == 32

    routed(test, sockets)


@pytest.mark.parametrize(
    ("headers", "target", "status", "code"),
    [
        ({"authorization": b""}, b"/ws/iris/score", 401, "unauthenticated"),
        ({"authorization": b"Bearer wrong"}, b"/ws/iris/score", 401, "unauthenticated"),
        ({"authorization": b""}, b"/ws/none/score", 401, "unauthenticated"),
        ({}, b"/ws/none/score", 404, "not_found"),
        ({"azureml_model_deployment": b"red"}, b"/ws/iris/score", 404, "no_deployment"),
    ],
)
def test_refusals(headers: dict[str, bytes], target: bytes, status: int, code: str, sockets: Path) -> None:
    async def test(router: Router) -> None:
        worker = await FakeWorker("a", sockets / "a").start()
        router.delivery.adopt(table({"blue": [worker]}))
        request = score(**headers)
        request.target = target
        response = await router.route(request)
        assert response.status == status
        assert json.loads(response.body)["error"]["code"] == code
        assert not worker.seen

    routed(test, sockets)


def test_pinned_deployment_answers(sockets: Path) -> None:
    async def test(router: Router) -> None:
        blue, green = await FakeWorker("b", sockets / "b").start(), await FakeWorker("g", sockets / "g").start()
        router.delivery.adopt(table({"blue": [blue], "green": [green]}))
        response = await router.route(score(azureml_model_deployment=b"green"))
        assert response.body == b"g"

    routed(test, sockets)


def test_instance_that_cannot_be_reached_is_passed_over(sockets: Path) -> None:
    async def test(router: Router) -> None:
        alive, dead = await FakeWorker("a", sockets / "a").start(), FakeWorker("d", sockets / "d")
        router.delivery.adopt(table({"blue": [dead, alive]}))
        answers = [await router.route(score()) for _ in range(20)]
        assert {answer.status for answer in answers} == {200}
        assert len(alive.seen) == 20

    routed(test, sockets)


def test_worker_that_dies_before_a_byte_is_retried_once(sockets: Path) -> None:
    async def test(router: Router) -> None:
        first = await FakeWorker("a", sockets / "a").start()
        first.deaths = 1
        router.delivery.adopt(table({"blue": [first]}))
        response = await router.route(score())
        assert (response.status, len(first.seen)) == (200, 2)
        assert router.metrics.retries["ws/iris", "blue"] == 1

    routed(test, sockets)


def test_request_that_kills_workers_is_given_up_after_two(sockets: Path) -> None:
    async def test(router: Router) -> None:
        workers = [await FakeWorker(name, sockets / name).start() for name in "abcd"]
        for worker in workers:
            worker.deaths = 9
        router.delivery.adopt(table({"blue": workers}))
        response = await router.route(score())
        assert response.status == 502
        assert sum(len(worker.seen) for worker in workers) == 2

    routed(test, sockets)


def test_closed_idle_connection_is_not_taken_for_a_death(sockets: Path) -> None:
    async def test(router: Router) -> None:
        worker = await FakeWorker("a", sockets / "a").start()
        router.delivery.adopt(table({"blue": [worker]}))
        await router.route(score())
        for connection in list(worker.server.connections):
            connection.abort()
        assert (await router.route(score())).status == 200
        assert router.metrics.retries == {}

    routed(test, sockets)


def test_no_answer_in_time_is_a_504_and_scored_once(sockets: Path) -> None:
    async def test(router: Router) -> None:
        worker = await FakeWorker("a", sockets / "a").start()
        worker.seconds = 5
        router.delivery.adopt(table({"blue": [worker]}))
        response = await router.route(score())
        assert (response.status, len(worker.seen)) == (504, 1)

    routed(test, sockets)


def test_request_waits_for_a_worker_that_is_being_replaced(sockets: Path) -> None:
    async def test(router: Router) -> None:
        router.delivery.adopt(table({"blue": [FakeWorker("gone", sockets / "gone")]}))
        waiting = asyncio.create_task(router.route(score()))
        await asyncio.sleep(0.1)
        fresh = await FakeWorker("fresh", sockets / "fresh").start()
        router.delivery.adopt(table({"blue": [fresh]}, version=2))
        assert (await waiting).body == b"fresh"

    routed(test, sockets)


def test_endpoint_deleted_under_a_waiting_request(sockets: Path) -> None:
    async def test(router: Router) -> None:
        router.delivery.adopt(table({"blue": []}))
        waiting = asyncio.create_task(router.route(score()))
        await asyncio.sleep(0.1)
        router.delivery.adopt(RoutingTable(version=2))
        assert (await waiting).status == 404

    routed(test, sockets)


def test_copies_go_to_the_mirror_and_their_answers_nowhere(sockets: Path) -> None:
    async def test(router: Router) -> None:
        blue, green = await FakeWorker("b", sockets / "b").start(), await FakeWorker("g", sockets / "g").start()
        green.seconds = 0.05
        router.delivery.adopt(table({"blue": [blue], "green": [green]}, mirror_traffic={"green": 50}))
        answers = [(await router.route(score())).body for _ in range(40)]
        while sum(router.metrics.mirrored.values()) < len(green.seen) or not green.seen:
            await asyncio.sleep(0.01)
        assert answers == [b"b"] * 40
        assert 5 < len(green.seen) < 35
        assert router.metrics.mirrored["ws/iris", "green", "200"] == len(green.seen)

    routed(test, sockets)


def test_metrics_tell_requests_by_deployment_and_status(sockets: Path) -> None:
    async def test(router: Router) -> None:
        worker = await FakeWorker("a", sockets / "a").start()
        router.delivery.adopt(table({"blue": [worker]}))
        for _ in range(3):
            await router.route(score())
        await router.route(score(authorization=b"Bearer wrong"))
        text = router.metrics.render(router.delivery.in_flight(), 1)
        assert 'modelyard_gateway_requests_total{endpoint="ws/iris",deployment="blue",status="200"} 3' in text
        assert 'modelyard_gateway_request_seconds_bucket{endpoint="ws/iris",deployment="blue",le="+Inf"} 3' in text
        assert 'modelyard_gateway_refused_total{reason="unauthenticated"} 1' in text
        assert 'modelyard_gateway_in_flight{endpoint="ws/iris",deployment="blue"} 0' in text

    routed(test, sockets)
