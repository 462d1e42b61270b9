"""SHA-256 by path, remembered as long as a file's size, times and inode stay the same."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import threading
import time
from pathlib import Path
from typing import Self

_CHUNK_BYTES = 1 << 20
# A file changed within this time of being hashed may change again without its time stamp showing it.
_RACY_NANOSECONDS = 2_000_000_000
_SCHEMA = "CREATE TABLE IF NOT EXISTS hashes (path TEXT PRIMARY KEY, stat TEXT NOT NULL, sha256 TEXT NOT NULL)"


class StatCache:
    """A cache that may always be deleted. Where its file cannot be written every file is hashed anew.

    May be used from several threads; several processes may share the file.
    """

    def __init__(self, file: Path | None) -> None:
        self._lock = threading.Lock()
        self._database = _open(file) if file else None
        self._fresh: list[tuple[str, str, str]] = []
        self.hashed_files = 0

    def sha256(self, path: Path, status: os.stat_result) -> str:
        """The hash of the file's content, read only when its status differs from the remembered one."""
        key, stamp = str(path), _stamp(status)
        known = self._known(key, stamp)
        if known is not None:
            return known
        digest = hash_file(path)
        with self._lock:
            self.hashed_files += 1
            if time.time_ns() - max(status.st_mtime_ns, status.st_ctime_ns) > _RACY_NANOSECONDS:
                self._fresh.append((key, stamp, digest))
        return digest

    def save(self) -> None:
        """Keep what was hashed since the last save."""
        with self._lock:
            fresh, self._fresh = self._fresh, []
            if self._database is None or not fresh:
                return
            try:
                with self._database:
                    self._database.executemany("INSERT OR REPLACE INTO hashes VALUES (?, ?, ?)", fresh)
            except sqlite3.Error:
                self._database = None

    def close(self) -> None:
        self.save()
        if self._database is not None:
            self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _known(self, key: str, stamp: str) -> str | None:
        with self._lock:
            if self._database is None:
                return None
            try:
                row = self._database.execute("SELECT stat, sha256 FROM hashes WHERE path = ?", (key,)).fetchone()
            except sqlite3.Error:
                self._database = None
                return None
        return str(row[1]) if row and row[0] == stamp else None


def hash_file(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _stamp(status: os.stat_result) -> str:
    return f"{status.st_size}:{status.st_mtime_ns}:{status.st_ctime_ns}:{status.st_ino}"


def _open(file: Path) -> sqlite3.Connection | None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        database = sqlite3.connect(file, timeout=1.0, check_same_thread=False)
        database.execute(_SCHEMA)
    except (OSError, sqlite3.Error):
        return None
    return database
