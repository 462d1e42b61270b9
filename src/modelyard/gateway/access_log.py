"""One JSON line per scored request, gathered and written once in a while; two files of bounded size are kept."""

from __future__ import annotations

import asyncio
import logging
import time
from pathlib import Path
from typing import Any

import orjson

log = logging.getLogger(__name__)

_WRITE_EVERY_SECONDS = 0.5
_FILE_BYTES = 64 << 20
_WAITING_LINES = 100_000


class AccessLog:
    """`add` never blocks and never fails; when the disk is slower than the traffic, lines are dropped and counted."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._waiting: list[bytes] = []
        self._dropped = 0

    def add(self, **record: Any) -> None:
        if len(self._waiting) >= _WAITING_LINES:
            self._dropped += 1
            return
        record["time"] = round(time.time(), 6)
        self._waiting.append(orjson.dumps(record))

    async def write_regularly(self) -> None:
        try:
            while True:
                await asyncio.sleep(_WRITE_EVERY_SECONDS)
                await asyncio.to_thread(self.flush)
        finally:
            self.flush()

    def flush(self) -> None:
        lines, self._waiting = self._waiting, []
        if self._dropped:
            lines.append(orjson.dumps({"time": time.time(), "dropped_lines": self._dropped}))
            self._dropped = 0
        if not lines:
            return
        try:
            self._path.parent.mkdir(exist_ok=True)
            with self._path.open("ab") as file:
                file.write(b"\n".join(lines) + b"\n")
                size = file.tell()
            if size > _FILE_BYTES:
                self._path.replace(self._path.with_suffix(".1.log"))
        except OSError:
            log.exception("the access log cannot be written")
