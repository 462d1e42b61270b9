"""A local file or folder as a manifest: what is there, how large, and its content hash."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelyard.client.uploads.ignore_rules import IgnoreRules
from modelyard.client.uploads.stat_cache import StatCache
from modelyard.domain.errors import InvalidInput

_WORKERS = min(8, os.cpu_count() or 1)


@dataclass(frozen=True)
class ScannedFile:
    path: str
    """Relative to the upload's root, POSIX."""
    source: Path
    sha256: str
    size: int
    mode: int

    def manifest(self) -> dict[str, Any]:
        return {"path": self.path, "sha256": self.sha256, "size": self.size, "mode": self.mode}


@dataclass(frozen=True)
class Scan:
    """What an upload consists of. `name` is that of the file or folder; `single_file` tells which of the two it is."""

    name: str
    files: list[ScannedFile]
    single_file: bool

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)

    def manifest(self) -> list[dict[str, Any]]:
        return [file.manifest() for file in self.files]


def scan(path: Path, cache: StatCache, *, gitignore: bool = True, field: str | None = None) -> Scan:
    """Hash everything below `path` that is not ignored, ordered by path. InvalidInput when there is nothing."""
    root = path.expanduser()
    if not root.exists():
        raise InvalidInput(f"'{path}' does not exist.", field=field, mend="check the path; it is relative to the file")
    single = not root.is_dir()
    found = [(root.name, root)] if single else list(_walk(root, IgnoreRules(root, gitignore=gitignore)))
    with ThreadPoolExecutor(_WORKERS) as pool:
        files = list(pool.map(lambda item: _scanned(item[0], item[1], cache), found))
    return Scan(root.resolve().name, sorted(files, key=lambda file: file.path), single)


def _walk(root: Path, ignore: IgnoreRules) -> Iterator[tuple[str, Path]]:
    """Every kept file with its relative path. Links are followed; one that leads back to an ancestor is an error."""
    waiting: list[tuple[str, list[Any], tuple[str, ...]]] = [("", ignore.enter(""), (os.path.realpath(root),))]
    while waiting:
        folder, rules, ancestors = waiting.pop()
        with os.scandir(root / folder) as entries:
            ordered = sorted(entries, key=lambda entry: entry.name)
        for entry in ordered:
            relative = f"{folder}/{entry.name}" if folder else entry.name
            is_folder = entry.is_dir()
            if ignore.ignored(relative, is_folder=is_folder, rules=rules):
                continue
            if is_folder:
                real = os.path.realpath(entry.path)
                if real in ancestors:
                    raise InvalidInput(f"'{entry.path}' is a link to a folder above it.", mend="remove the link")
                waiting.append((relative, ignore.enter(relative, rules), (*ancestors, real)))
            elif entry.is_file():
                yield relative, Path(entry.path)


def _scanned(relative: str, source: Path, cache: StatCache) -> ScannedFile:
    try:
        status = source.stat()
        digest = cache.sha256(source.absolute(), status)
    except OSError as error:
        raise InvalidInput(f"'{source}' cannot be read: {error.strerror}.", mend="mend it, or ignore it") from error
    # Only the executable bit means something on another machine.
    mode = 0o755 if status.st_mode & stat.S_IXUSR else 0o644
    return ScannedFile(relative, source, digest, status.st_size, mode)
