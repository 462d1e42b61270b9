"""What the workers of a deployment wrote: the newest instance's log, or all that run, told apart."""

from __future__ import annotations

from pathlib import Path

_TAIL_BYTES = 4 << 20
_CHUNK_BYTES = 256 << 10
_LOG = "scorer.log"


def folder(home: Path, workspace: str, endpoint: str, deployment: str) -> Path:
    """Where a deployment's instance directories are."""
    return home / "endpoints" / workspace / endpoint / deployment


def last_lines(deployment: Path, lines: int) -> str:
    """The last lines of each instance there was lately, oldest instance first; a heading tells several apart."""
    logs = _logs(deployment)
    parts = []
    for path in logs:
        text = "\n".join(_tail(path, lines))
        if text:
            parts.append(f"Instance {path.parent.name}:\n{text}" if len(logs) > 1 else text)
    return "\n\n".join(parts) + ("\n" if parts else "")


class Tail:
    """Reads on where it stopped, over all instances, also those that come later."""

    def __init__(self, deployment: Path, lines: int) -> None:
        self._deployment = deployment
        self._first: str | None = None
        self._lines = lines
        self._offsets: dict[Path, int] = {}

    def read(self) -> str:
        """What was written since the last call; the first call gives the last lines."""
        if self._first is None:
            self._offsets = {path: path.stat().st_size for path in _logs(self._deployment)}
            self._first = last_lines(self._deployment, self._lines)
            return self._first
        parts = []
        for path in _logs(self._deployment):
            with path.open("rb") as file:
                size = file.seek(0, 2)
                # A log that became shorter was trimmed: only what comes from now on is new.
                offset = size if size < self._offsets.get(path, 0) else self._offsets.get(path, 0)
                file.seek(offset)
                chunk = file.read(_CHUNK_BYTES)
            self._offsets[path] = offset + len(chunk)
            parts.append(chunk.decode("utf-8", "replace"))
        return "".join(parts)


def _logs(deployment: Path) -> list[Path]:
    found = []
    for path in deployment.glob(f"*/{_LOG}"):
        try:
            found.append((path.stat().st_mtime, path))
        except FileNotFoundError:
            continue
    return [path for _, path in sorted(found)]


def _tail(path: Path, lines: int) -> list[str]:
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(size - _TAIL_BYTES, 0))
            return file.read().decode("utf-8", "replace").splitlines()[-lines:]
    except FileNotFoundError:
        return []
