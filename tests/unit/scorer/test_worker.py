"""The worker's face: paths, places, time limits."""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from modelyard.kit.http_message import Request, Response
from modelyard.scorer.instance import Instance, Limits
from modelyard.scorer.lane import Lane
from modelyard.scorer.scoring import Scoring
from modelyard.scorer.worker import Worker


class FakeScoring(Scoring):
    """Answers with the body; waits for `gate` when there is one."""

    may_run_in_place = True

    def __init__(self) -> None:
        self.gate: threading.Event | None = None
        self.threads: list[str] = []

    def answer(self, request: Request) -> Response:
        self.threads.append(threading.current_thread().name)
        if self.gate is not None:
            self.gate.wait(5)
        return Response(200, request.body)

    def openapi(self, title: str) -> dict[str, Any]:
        return {"openapi": "3.0.3", "info": {"title": title}}


def on_worker(test: Callable[[Worker, FakeScoring], Awaitable[None]], **limits: int) -> None:
    async def run() -> None:
        scoring, bounds = FakeScoring(), Limits(**limits)
        lane = Lane(bounds.max_concurrent_requests, may_run_in_place=True)
        instance = Instance(Path(), "i", "iris", "blue", "/none", limits=bounds)
        try:
            await asyncio.wait_for(test(Worker(instance, scoring, lane), scoring), 10)
        finally:
            if scoring.gate is not None:
                scoring.gate.set()
            lane.close()

    asyncio.run(run())


async def ask(worker: Worker, target: bytes = b"/score", method: str = "POST", body: bytes = b"{}") -> Response:
    answer = worker.handle(Request(method, target, [], body))
    return answer if isinstance(answer, Response) else await answer


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("POST", b"/score", 200),
        ("POST", b"/invocations", 200),
        ("POST", b"/", 200),
        ("POST", b"/v2/models/any/versions/3/infer", 200),
        ("GET", b"/score", 404),
        ("GET", b"/", 200),
        ("GET", b"/v2/health/ready", 200),
        ("GET", b"/v2/models/iris", 200),
        ("GET", b"/swagger.json?version=3", 200),
        ("DELETE", b"/score", 405),
        ("POST", b"/health", 405),
        ("GET", b"/../etc/passwd", 404),
    ],
)
def test_paths(method: str, target: bytes, status: int) -> None:
    async def test(worker: Worker, scoring: FakeScoring) -> None:
        assert (await ask(worker, target, method)).status == status

    on_worker(test)


def test_quick_model_answers_in_place_after_it_has_proved_so() -> None:
    async def test(worker: Worker, scoring: FakeScoring) -> None:
        for _ in range(40):
            await ask(worker)
        assert scoring.threads[0].startswith("model")
        assert threading.current_thread().name in scoring.threads
        await ask(worker, body=b"x" * 100_000)
        assert scoring.threads[-1].startswith("model")

    on_worker(test)


def test_more_than_the_places_wait_and_then_are_told_to_come_later() -> None:
    async def test(worker: Worker, scoring: FakeScoring) -> None:
        scoring.gate = threading.Event()
        first = asyncio.create_task(ask(worker))
        await asyncio.sleep(0.01)
        second = await ask(worker)
        assert (second.status, dict(second.headers)[b"retry-after"]) == (429, b"1")
        scoring.gate.set()
        assert (await first).status == 200
        assert (await ask(worker)).status == 200

    on_worker(test, max_concurrent_requests=1, max_queue_wait_ms=20)


def test_request_that_takes_too_long_keeps_its_place_until_it_ends() -> None:
    async def test(worker: Worker, scoring: FakeScoring) -> None:
        scoring.gate = threading.Event()
        response = await ask(worker)
        assert (response.status, json.loads(response.body)["error"]["code"]) == (504, "timeout")
        assert worker.status()["running"] == 1
        assert (await ask(worker)).status == 429
        scoring.gate.set()
        while worker.status()["running"]:
            await asyncio.sleep(0.005)
        assert (await ask(worker)).status == 200

    on_worker(test, request_timeout_ms=30, max_queue_wait_ms=0)
