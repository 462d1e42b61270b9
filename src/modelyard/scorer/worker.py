"""The worker's HTTP face: scoring paths, health, metadata; admission and time limits around the model."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from typing import Any

import orjson

from modelyard.kit.http_message import Request, Response, error_response
from modelyard.scorer.admission import Admission, Crowded
from modelyard.scorer.instance import Instance
from modelyard.scorer.lane import Lane
from modelyard.scorer.scoring import Scoring

_HEALTH = frozenset(
    {b"/", b"/health", b"/health/live", b"/health/ready", b"/ping", b"/v2/health/live", b"/v2/health/ready"}
)
_SCORING = frozenset({b"/score", b"/invocations", b"/"})
_SWAGGER = frozenset({b"/swagger.json", b"/openapi.json"})
_STUCK_SECONDS = 60.0


class Worker:
    """Answers one deployment's requests. Belongs to one event loop."""

    def __init__(self, instance: Instance, scoring: Scoring, lane: Lane) -> None:
        self._instance = instance
        self._scoring = scoring
        self._lane = lane
        limits = instance.limits
        self._timeout_seconds = limits.request_timeout_ms / 1000
        self._admission = Admission(limits.max_concurrent_requests, limits.max_queue_wait_ms / 1000)
        self._running: dict[int, float] = {}
        self._served = 0

    def handle(self, request: Request) -> Response | Coroutine[Any, Any, Response]:
        path = request.path
        if path in _SCORING and (request.method == "POST" or self._scoring.takes_any_method):
            return self._score(request)
        if path.startswith(b"/v2/models/") and path.endswith(b"/infer") and request.method == "POST":
            return self._score(request)
        if request.method not in ("GET", "HEAD"):
            allowed = b"POST" if path in _SCORING else b"GET"
            return _refuse_method(path, allowed)
        if path in _HEALTH:
            return self._health()
        if path in _SWAGGER:
            return Response(200, orjson.dumps(self._scoring.openapi(self._instance.endpoint)))
        if path == b"/status":
            return Response(200, orjson.dumps(self.status()))
        if path.startswith(b"/v2"):
            return self._metadata(path)
        return error_response(404, "not_found", "There is nothing here.", mend="POST to /score")

    def status(self) -> dict[str, Any]:
        """What the controller asks: work done, work held, and for how long the oldest has been in the model."""
        oldest = time.monotonic() - min(self._running.values()) if self._running else 0.0
        return {
            "served": self._served,
            "running": len(self._running),
            "waiting": self._admission.waiting,
            "oldest_seconds": round(oldest, 3),
        }

    def _score(self, request: Request) -> Response | Coroutine[Any, Any, Response]:
        self._served += 1
        size = len(request.body)
        if self._lane.in_place(size) and self._admission.try_enter():
            try:
                return self._lane.run_here(lambda: self._scoring.answer(request), size)
            finally:
                self._admission.leave()
        return self._score_in_thread(request, size)

    async def _score_in_thread(self, request: Request, size: int) -> Response:
        try:
            await self._admission.enter()
        except Crowded:
            return error_response(
                429,
                "too_many_requests",
                "All places of this instance are taken.",
                headers=[(b"retry-after", b"1")],
                mend="retry, raise max_concurrent_requests_per_instance or add instances",
            )
        work = self._lane.submit(lambda: self._scoring.answer(request), size)
        self._running[id(work)] = time.monotonic()
        # The place is free again when the model is done, not when the caller has given up.
        work.add_done_callback(self._finished)
        try:
            return await asyncio.wait_for(asyncio.shield(work), self._timeout_seconds)
        except TimeoutError:
            message = f"No answer within request_timeout_ms, {self._instance.limits.request_timeout_ms} ms."
            return error_response(504, "timeout", message)

    def _finished(self, work: asyncio.Future[Response]) -> None:
        self._running.pop(id(work), None)
        self._admission.leave()

    def _health(self) -> Response:
        status = self.status()
        if status["oldest_seconds"] > max(_STUCK_SECONDS, 2 * self._timeout_seconds):
            return error_response(503, "stuck", "A request has been in the model for too long.")
        return Response(200, b"Healthy", b"text/plain; charset=utf-8")

    def _metadata(self, path: bytes) -> Response:
        parts = path.strip(b"/").split(b"/")
        if parts == [b"v2"]:
            return Response(200, b'{"name":"modelyard","version":"2","extensions":[]}')
        if len(parts) >= 3 and parts[1] == b"models":
            if parts[-1] == b"ready":
                return Response(200, b'{"ready":true}')
            name = parts[2].decode("ascii", "replace")
            return Response(200, orjson.dumps({"name": name, "platform": "modelyard", "inputs": [], "outputs": []}))
        return error_response(404, "not_found", "There is nothing here.")


def _refuse_method(path: bytes, allowed: bytes) -> Response:
    return error_response(405, "method_not_allowed", "This method is not offered here.", headers=[(b"allow", allowed)])
