"""Events of the platform as they happen, none missed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import httpx

from modelyard.client.sse import parse_events
from modelyard.client.transport import API, Transport

_READ_TIMEOUT = httpx.Timeout(60.0, connect=5.0)
_PAUSE_SECONDS = 0.5


class EventFeed:
    """`wanted` are the filters of `GET /events`: workspace, type, subject."""

    def __init__(
        self, transport: Transport, wanted: Mapping[str, Any], *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._transport = transport
        self._wanted = wanted
        self._sleep = sleep

    def follow(self, after: str | None = None) -> Iterator[dict[str, Any]]:
        """Events after the one of that id, or from now on; for ever. Unavailable when the server stays away."""
        last = after
        while True:
            headers = {"Last-Event-ID": last} if last else {}
            try:
                path = f"{API}/events/stream"
                with self._transport.stream(
                    path, params=self._wanted, headers=headers, timeout=_READ_TIMEOUT
                ) as response:
                    for event in parse_events(response.iter_lines()):
                        last = event.id or last
                        yield json.loads(event.data)
            except httpx.TransportError:
                pass
            self._sleep(_PAUSE_SECONDS)
