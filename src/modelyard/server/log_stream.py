"""A log as it grows: every byte once, in order, until its writer has ended and the file is drained."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool

from modelyard.domain.errors import NotFound
from modelyard.ports.artifact_store import ArtifactStore
from modelyard.server import sse
from modelyard.server.event_hub import EventHub

_PIECE_BYTES = 64 * 1024
_FIRST_PAUSE_SECONDS = 0.02
_LONGEST_PAUSE_SECONDS = 0.25
_REMOTE_PAUSE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Writer:
    """Whoever writes the log: its status, and whether it has ended. `body` goes with the status to the reader."""

    status: str
    ended: bool
    body: dict[str, Any]


@dataclass
class LogStream:
    """Follows the file `path` from the byte `offset` on; the file need not be there yet.

    Frames: `log` with `{"offset", "text"}`, whose id is the byte to go on from; `status`; a last `end`. Text is cut
    between characters. The file is looked at while it grows; its writer only when something was committed.
    """

    store: ArtifactStore
    path: str
    writer: Callable[[], Writer]
    hub: EventHub
    stopping: Callable[[], bool]
    offset: int = 0

    async def frames(self) -> AsyncIterator[bytes]:
        """The stream; it ends with its writer, or without an `end` frame when the server stops."""
        seen = ""
        while not self.stopping():
            ticket = self.hub.ticket()
            # Asked before the file is drained: what an ended writer wrote is then all there.
            writer = await run_in_threadpool(self.writer)
            if writer.status != seen:
                seen = writer.status
                yield sse.frame(writer.body, event="status")
            async for piece in self._drain(whole=writer.ended):
                yield piece
            if writer.ended:
                yield sse.frame(writer.body, event="end", id=self.offset)
                return
            async for piece in self._until_commit(ticket):
                yield piece

    async def _until_commit(self, ticket: Any) -> AsyncIterator[bytes]:
        """What is written until something is committed; a heartbeat in silence."""
        pause, quiet_since = _FIRST_PAUSE_SECONDS, time.monotonic()
        longest = _LONGEST_PAUSE_SECONDS if self.store.local_path(self.path) else _REMOTE_PAUSE_SECONDS
        while not await self.hub.wait(ticket, pause):
            before = self.offset
            async for piece in self._drain(whole=False):
                yield piece
            if self.offset != before:
                pause, quiet_since = _FIRST_PAUSE_SECONDS, time.monotonic()
                continue
            pause = min(pause * 1.5, longest)
            if time.monotonic() - quiet_since > sse.HEARTBEAT_SECONDS:
                quiet_since = time.monotonic()
                yield sse.HEARTBEAT

    async def _drain(self, *, whole: bool) -> AsyncIterator[bytes]:
        """What is there beyond `offset`; `whole` also takes an unfinished character at the very end."""
        while self._may_have_grown():
            content = await run_in_threadpool(self._read)
            size = len(content) if whole and len(content) < _PIECE_BYTES else whole_text_size(content)
            if not size:
                return
            text = content[:size].decode("utf-8", "replace")
            start, self.offset = self.offset, self.offset + size
            yield sse.frame({"offset": start, "text": text}, event="log", id=self.offset)

    def _may_have_grown(self) -> bool:
        """A look at a local file costs less than asking a thread to look; a remote one must be asked."""
        place = self.store.local_path(self.path)
        if place is None:
            return True
        try:
            return place.stat().st_size > self.offset
        except OSError:
            return False

    def _read(self) -> bytes:
        try:
            return b"".join(self.store.open_read(self.path, self.offset, _PIECE_BYTES))
        except NotFound:
            return b""


def whole_text_size(content: bytes) -> int:
    """How many bytes of `content` end with a whole UTF-8 character; all of them where it is not UTF-8 anyway."""
    for back in range(1, min(4, len(content)) + 1):
        byte = content[-back]
        if byte < 0x80:
            return len(content)
        if byte >= 0xC0:
            needed = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4 if byte < 0xF8 else 1
            return len(content) - back if needed > back else len(content)
    return len(content)
