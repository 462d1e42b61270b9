"""A file's content on the wire, whole or the part that `Range` asks for."""

from __future__ import annotations

import mimetypes
import re
from urllib.parse import quote

from fastapi.responses import Response, StreamingResponse

from modelyard.ports.artifact_store import ArtifactStore

_RANGE = re.compile(r"bytes=(\d{1,18})?-(\d{1,18})?")
# Shown by a browser as what they are; everything else is offered for saving, so that no upload can run as a page.
_INLINE = frozenset(
    {"text/plain", "text/csv", "application/json", "image/png", "image/jpeg", "image/gif", "image/webp"}
)


def send_file(store: ArtifactStore, path: str, range_header: str | None = None) -> Response:
    """The file at `path`: 200, 206 for a satisfiable range, 416 for one beyond the end."""
    stat = store.stat(path)
    part = _part(range_header, stat.size)
    headers = {"Accept-Ranges": "bytes", **_presentation(path)}
    if part is None:
        return _stream(store, path, 0, stat.size, 200, headers)
    first, end = part
    if first >= end:
        return Response(status_code=416, headers={"Content-Range": f"bytes */{stat.size}"})
    headers["Content-Range"] = f"bytes {first}-{end - 1}/{stat.size}"
    return _stream(store, path, first, end - first, 206, headers)


def _stream(
    store: ArtifactStore, path: str, offset: int, length: int, status: int, headers: dict[str, str]
) -> Response:
    # The length is fixed here, so a file that grows while it is read is still answered consistently.
    chunks = store.open_read(path, offset, length)
    headers |= {"Content-Length": str(length)}
    return StreamingResponse(chunks, status_code=status, headers=headers)


def _part(header: str | None, size: int) -> tuple[int, int] | None:
    """First byte and end of the range; None where there is none, or one that is to be ignored."""
    match = _RANGE.fullmatch(header.strip()) if header else None
    if match is None or match.group(1) is match.group(2) is None:
        return None
    first, last = match.groups()
    if first is None:
        return max(0, size - int(last)), size
    return int(first), size if last is None else min(size, int(last) + 1)


def _presentation(path: str) -> dict[str, str]:
    name = path.rsplit("/", 1)[-1]
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    inline = kind in _INLINE
    shown = f"{kind}; charset=utf-8" if inline and kind.startswith("text/") else kind
    disposition = "inline" if inline else "attachment"
    return {
        "Content-Type": shown if inline else "application/octet-stream",
        "Content-Disposition": f"{disposition}; filename*=UTF-8''{quote(name, safe='')}",
    }
