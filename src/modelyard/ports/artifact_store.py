"""Where bytes live: a tree of files below one root, by POSIX path."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class FileStat:
    """One file: its path below the store's root, its size and when it was last written."""

    path: str
    size: int
    modified_at: datetime | None = None


class ArtifactWriter(Protocol):
    """Takes the bytes of one file in order."""

    def write(self, chunk: bytes) -> None:
        """Append `chunk`. Raises StorageFull when there is no room."""


class ArtifactStore(ABC):
    """A tree of files.

    Paths are relative, POSIX, normalised by `artifacts.paths.clean_path`; a path that escapes the root, by `..`, by
    an absolute form or by a symbolic link, is refused with InvalidInput. A folder exists while a file is below it.
    Writes are atomic: a reader sees the old content or the whole new content, never a part. Every method may be
    called from any thread. A missing file raises NotFound; a full disk raises StorageFull and leaves nothing behind.
    """

    @abstractmethod
    def open_read(self, path: str, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        """The content from `offset` on (at most `length` bytes), in chunks of at most CHUNK_BYTES.

        NotFound is raised by the call itself; an offset beyond the end gives nothing.
        """

    @abstractmethod
    def open_write(self, path: str) -> AbstractContextManager[ArtifactWriter]:
        """A writer of `path`: the file appears on a clean exit; an exception leaves what was there before."""

    @abstractmethod
    def list(self, path: str = "", *, after: str | None = None) -> Iterator[FileStat]:
        """Every file below the folder `path`, at any depth, ordered by path. Empty where there is none.

        `after` leaves out every path up to and including this one (a path from the root), without visiting them.
        """

    @abstractmethod
    def stat(self, path: str) -> FileStat:
        """The facts of one file. NotFound for a missing file, and for a folder."""

    @abstractmethod
    def delete(self, path: str) -> int:
        """Remove the file, or the folder with everything below; how many files went. Zero when there was none."""

    @abstractmethod
    def copy(self, source: str, target: str) -> None:
        """Copy one file inside this store."""

    def local_path(self, path: str) -> Path | None:
        """Where `path` lies on this machine's file system, whether it exists or not; None for a remote store."""
        return None

    def put_stream(self, path: str, chunks: Iterable[bytes]) -> FileStat:
        """Write a whole file from chunks and return its facts."""
        with self.open_write(path) as writer:
            for chunk in chunks:
                writer.write(chunk)
        return self.stat(path)
