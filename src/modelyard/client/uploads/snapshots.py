"""Content-addressed uploads: only blobs that the server does not have are sent, each from where it broke off."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from modelyard.client.resources.paths import in_workspace
from modelyard.client.scope import Scope
from modelyard.client.uploads.scan import Scan, ScannedFile, scan
from modelyard.client.uploads.stat_cache import StatCache, hash_file
from modelyard.client.wire_errors import AnswerLost
from modelyard.domain.errors import Conflict, InvalidInput, ModelyardError, NotFound

CODE_LIMIT_BYTES = 300 * 1024 * 1024
_CHUNK_BYTES = 1 << 20
_PARALLEL = min(8, 2 * (os.cpu_count() or 1))
_PATIENCE = 20
_PAUSE_SECONDS = 0.2
_ASKED_FIRST_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True)
class Snapshot:
    """An uploaded tree. `uri` is that of the folder, or of the file when a single file was uploaded."""

    hash: str
    uri: str
    uploaded_files: int
    size: int


@dataclass(frozen=True)
class _Received:
    """How many bytes of a blob the server has, and whether that is all of it, verified."""

    offset: int
    complete: bool


class SnapshotUploader:
    """Uploads into one workspace."""

    def __init__(self, scope: Scope) -> None:
        self._transport = scope.transport
        self._workspace = scope.workspace
        self._cache_file = scope.connection.home.path / "cache" / "hashes.sqlite"
        self._progress = scope.progress

    def upload(
        self, path: Path, *, gitignore: bool = False, size_limit: int | None = None, field: str | None = None
    ) -> Snapshot:
        """Send `path` and return where it lies. Nothing is sent for content that the server has."""
        with StatCache(self._cache_file) as cache:
            found = scan(path, cache, gitignore=gitignore, field=field)
        if not found.files:
            raise InvalidInput(f"'{path}' holds no files to upload.", field=field, mend="look at its ignore file")
        if size_limit is not None and found.size > size_limit:
            self._progress.warn(
                f"'{path}' is {found.size / 1e6:,.0f} MB, over the {size_limit / 1e6:,.0f} MB that Azure ML takes as "
                "code: list what the job does not need in .amlignore, and pass data as inputs."
            )
        body = {"name": found.name, "kind": "file" if found.single_file else "folder", "files": found.manifest()}
        plan = self._transport.request("POST", in_workspace(self._workspace, "snapshots:plan"), json=body)
        missing = set(plan["missing"])
        if missing:
            self._send(found, missing)
        answer = self._transport.request("POST", in_workspace(self._workspace, "snapshots"), json=body)
        return Snapshot(answer["hash"], answer["uri"], len(missing), found.size)

    def _send(self, found: Scan, missing: set[str]) -> None:
        by_hash = {file.sha256: file for file in found.files if file.sha256 in missing}
        self._progress.start(f"Uploading {found.name}", sum(file.size for file in by_hash.values()))
        try:
            with ThreadPoolExecutor(_PARALLEL) as pool:
                for _ in pool.map(self._send_blob, by_hash.values()):
                    pass
        finally:
            self._progress.finish()

    def _send_blob(self, file: ScannedFile) -> None:
        """Send one blob, going on after a break from the byte up to which the server has it.

        A Conflict means that it is on its way already: of another client, or of our own broken connection that the
        server has not noticed yet. As long as its bytes grow in number it is waited for.
        """
        path = in_workspace(self._workspace, "blobs", file.sha256)
        # An upload that another process began may be gone on with.
        had = self._received(path) if file.size > _ASKED_FIRST_BYTES else _Received(0, False)
        if had.complete and had.offset != file.size:  # a damaged blob, which is replaced
            had = _Received(0, False)
        patience = _PATIENCE
        while not had.complete:
            try:
                headers = _upload_headers(had.offset, file.size)
                self._transport.put_stream(path, self._chunks(file, had.offset), headers)
                return
            except InvalidInput as error:
                # The bytes were not those of the name. Unless the file is to blame the wire was: once more.
                if hash_file(file.source) != file.sha256:
                    raise _changed(file) from error
                had = _Received(0, False)
                patience -= _PATIENCE // 2
                if patience <= 0:
                    raise
            except (AnswerLost, Conflict):
                before, had = had, self._received_after_pause(path)
                patience = _PATIENCE if had.offset > before.offset else patience - 1
                if not patience:
                    raise

    def _chunks(self, file: ScannedFile, offset: int) -> Iterator[bytes]:
        with file.source.open("rb") as source:
            source.seek(offset)
            left = file.size - offset
            while left:
                chunk = source.read(min(_CHUNK_BYTES, left))
                if not chunk:
                    raise _changed(file)
                left -= len(chunk)
                yield chunk
                self._progress.advance(len(chunk))

    def _received_after_pause(self, path: str) -> _Received:
        self._transport.pause(_PAUSE_SECONDS)
        return self._received(path)

    def _received(self, path: str) -> _Received:
        try:
            headers = self._transport.send("HEAD", path).headers
        except NotFound:
            return _Received(0, False)
        return _Received(int(headers["Upload-Offset"]), headers.get("Upload-Complete") == "true")


class FileChanged(ModelyardError):
    """A file is not what it was when it was hashed."""

    status = 409
    code = "file_changed"


def _changed(file: ScannedFile) -> FileChanged:
    return FileChanged(f"'{file.source}' changed while it was uploaded.", field="path", mend="run it again")


def _upload_headers(offset: int, size: int) -> dict[str, str]:
    return {"Content-Type": "application/octet-stream", "Upload-Offset": str(offset), "Upload-Length": str(size)}
