"""Paths inside a store: relative, POSIX, and never out of it."""

from __future__ import annotations

from modelyard.domain.errors import InvalidInput

MAX_PATH_BYTES = 2048
MAX_SEGMENT_BYTES = 255


def clean_path(path: str, *, field: str = "path") -> str:
    """`path` without `.` and doubled slashes; "" is the root. InvalidInput for whatever could lead elsewhere."""
    if path.startswith("/") or _has_drive(path):
        raise _refusal(path, "is absolute", field)
    if "\\" in path:
        raise _refusal(path, "holds a backslash", field)
    if any(ord(char) < 32 or ord(char) == 127 for char in path):
        raise _refusal(path, "holds a control character", field)
    segments = [segment for segment in path.split("/") if segment not in ("", ".")]
    if ".." in segments:
        raise _refusal(path, "steps out with '..'", field)
    _check_length(path, segments, field)
    return "/".join(segments)


def clean_file_path(path: str, *, field: str = "path") -> str:
    """As `clean_path`, and it must name something below the root."""
    cleaned = clean_path(path, field=field)
    if not cleaned or path.endswith("/"):
        raise _refusal(path, "does not name a file", field)
    return cleaned


def _check_length(path: str, segments: list[str], field: str) -> None:
    try:
        longest = max((len(segment.encode()) for segment in segments), default=0)
        whole = len(path.encode())
    except UnicodeEncodeError as error:
        raise _refusal(path.encode("ascii", "replace").decode(), "is not UTF-8", field) from error
    if whole > MAX_PATH_BYTES:
        raise _refusal(path[:80] + "...", f"is longer than {MAX_PATH_BYTES} bytes", field)
    if longest > MAX_SEGMENT_BYTES:
        raise _refusal(path[:80] + "...", f"has a name longer than {MAX_SEGMENT_BYTES} bytes", field)


def _has_drive(path: str) -> bool:
    return len(path) > 1 and path[1] == ":" and path[0].isalpha()


def _refusal(path: str, why: str, field: str) -> InvalidInput:
    return InvalidInput(f"The path {path!r} {why}.", field=field, mend="use a relative path such as 'folder/file.txt'")
