"""Server-sent events: how a stream looks on the wire."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

from fastapi.responses import StreamingResponse

HEARTBEAT_SECONDS = 15.0
HEARTBEAT = b": alive\n\n"


def frame(data: Any, *, event: str | None = None, id: str | int | None = None) -> bytes:
    """One event; `id` is what a reader sends back as Last-Event-ID to go on after it."""
    lines = [] if id is None else [f"id: {id}"]
    if event is not None:
        lines.append(f"event: {event}")
    lines.append("data: " + json.dumps(data, separators=(",", ":"), default=str))
    return ("\n".join(lines) + "\n\n").encode("ascii")


def stream(frames: AsyncIterator[bytes]) -> StreamingResponse:
    """A response that proxies pass on unbuffered."""
    return StreamingResponse(frames, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})
