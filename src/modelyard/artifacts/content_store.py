"""Content-addressed blobs: a file's name is the SHA-256 of its bytes, checked while they arrive."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path

from modelyard.artifacts.local_store import translated
from modelyard.domain.errors import Conflict, InvalidInput, NotFound, StorageFull, TooLarge
from modelyard.ports.artifact_store import CHUNK_BYTES, ArtifactStore

_DIGEST = re.compile(r"[0-9a-f]{64}")
PARTIAL_LIFETIME_SECONDS = 3 * 24 * 3600
_READ_ONLY = 0o444


class OffsetMismatch(Conflict):
    """An upload went on at another offset than the bytes had; `offset` is where to go on."""

    code = "offset_mismatch"

    def __init__(self, digest: str, offset: int) -> None:
        super().__init__(
            f"The server has {offset} bytes of {digest}.",
            field="offset",
            mend=f"go on at offset {offset}",
            details=[{"offset": offset}],
        )
        self.offset = offset


class ContentStore:
    """Blobs in `store`; what is on its way lies in the local folder `partial`, so that an upload can go on.

    One upload of a blob at a time writes the partial file (a file lock, so also among server processes of one
    machine). Whole blobs are never changed.
    """

    def __init__(self, store: ArtifactStore, partial: Path, *, max_blob_bytes: int) -> None:
        self.store = store
        self._partial = partial
        self._max_blob_bytes = max_blob_bytes

    def size(self, digest: str) -> int | None:
        """The size of a whole blob; None when it is missing or still on its way."""
        try:
            return self.store.stat(blob_path(digest)).size
        except NotFound:
            return None

    def partial_size(self, digest: str) -> int:
        """How many bytes of a blob have arrived in an upload that did not end."""
        try:
            return self._partial_path(digest).stat().st_size
        except FileNotFoundError:
            return 0

    def open_read(self, digest: str, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        """The content of a whole blob."""
        return self.store.open_read(blob_path(digest), offset, length)

    @contextmanager
    def receive(self, digest: str, offset: int = 0, length: int | None = None) -> Iterator[BlobWriter]:
        """Take the bytes of a blob from `offset` on; `length` is the size of the whole, where the client says it.

        When the whole has arrived (all of `length`, or a clean exit where no length was said) it is checked: a wrong
        digest raises InvalidInput and drops the bytes. Otherwise what arrived stays for a later upload to go on from.
        """
        if length is not None and length > self._max_blob_bytes:
            raise TooLarge(f"A blob may hold {self._max_blob_bytes} bytes at most.", field="Upload-Length")
        path = self._partial_path(digest)
        with translated(digest):
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("ab", buffering=0) as file:
                _lock(file, digest)
                writer = BlobWriter(path, file, digest, offset, self._max_blob_bytes if length is None else length)
                try:
                    yield writer
                except StorageFull:
                    path.unlink(missing_ok=True)
                    raise
                if length is None or writer.size == length:
                    self._keep(path, writer, digest)

    def sweep(self, now: float | None = None) -> int:
        """Drop partial uploads that nobody went on with for days; how many went."""
        moment = time.time() if now is None else now
        dropped = 0
        for path in self._partial.glob("*"):
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < moment - PARTIAL_LIFETIME_SECONDS:
                    path.unlink()
                    dropped += 1
        return dropped

    def _keep(self, path: Path, writer: BlobWriter, digest: str) -> None:
        if writer.digest() != digest:
            path.unlink(missing_ok=True)
            raise InvalidInput(
                f"The bytes received are not those of {digest}: the upload was corrupted.",
                field="sha256",
                mend="send the blob again from offset 0",
            )
        target = self.store.local_path(blob_path(digest))
        if target is None:
            self.store.put_stream(blob_path(digest), _file_chunks(path))
            path.unlink(missing_ok=True)
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        path.chmod(_READ_ONLY)
        path.replace(target)

    def _partial_path(self, digest: str) -> Path:
        return self._partial / check_digest(digest)


class BlobWriter:
    """Appends to the partial file and hashes what goes by."""

    def __init__(self, path: Path, file: FileIO, digest: str, offset: int, max_bytes: int) -> None:
        self._file = file
        self.size = os.fstat(file.fileno()).st_size
        self._max_bytes = max_bytes
        self._digest = digest
        if offset == 0 and self.size:
            file.truncate(0)
            self.size = 0
        if offset != self.size:
            raise OffsetMismatch(digest, self.size)
        self._hash = hashlib.sha256()
        for chunk in _file_chunks(path):
            self._hash.update(chunk)

    def write(self, chunk: bytes) -> None:
        """Append; TooLarge beyond the bound, StorageFull when the disk is."""
        if self.size + len(chunk) > self._max_bytes:
            raise TooLarge(f"{self._digest} was to hold {self._max_bytes} bytes at most.", field="sha256")
        with translated(self._digest):
            view = memoryview(chunk)
            while view:
                view = view[self._file.write(view) :]
        self._hash.update(chunk)
        self.size += len(chunk)

    def digest(self) -> str:
        return self._hash.hexdigest()


def check_digest(digest: str) -> str:
    """`digest` itself; InvalidInput unless it is a SHA-256 in lower-case hexadecimal."""
    if not _DIGEST.fullmatch(digest):
        raise InvalidInput("A blob is named by its SHA-256: 64 lower-case hexadecimal digits.", field="sha256")
    return digest


def blob_path(digest: str) -> str:
    """Where a blob lies in its store."""
    return f"{check_digest(digest)[:2]}/{digest}"


def _lock(file: FileIO, digest: str) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise Conflict(
            f"{digest} is being uploaded by another client.", field="sha256", mend="wait, then ask whether it is there"
        ) from error


def _file_chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk
