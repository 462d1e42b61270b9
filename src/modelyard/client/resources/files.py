"""Files behind a URI: listing and downloading."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import httpx

from modelyard.client.paging import ItemPaged, listed
from modelyard.client.progress import TransferProgress
from modelyard.client.resources.paths import in_workspace, quoted_path
from modelyard.client.transport import Transport
from modelyard.domain.errors import InvalidInput, StorageFull, Unavailable

_PARALLEL = min(8, 2 * (os.cpu_count() or 1))
_ATTEMPTS = 5

Opener = Callable[[str, int], AbstractContextManager[httpx.Response]]


@dataclass(frozen=True)
class RemoteFile:
    """`path` is relative to what was listed."""

    path: str
    size: int


class FileResource:
    """Reads of one workspace: below a storage URI, or among a job's artifacts."""

    def __init__(self, transport: Transport, workspace: str, progress: TransferProgress) -> None:
        self._transport = transport
        self._workspace = workspace
        self._progress = progress

    def below(self, uri: str) -> ItemPaged[RemoteFile]:
        """Every file below the folder `uri`, or the one file it names (its path is then its name)."""
        path = in_workspace(self._workspace, "files")
        return listed(self._transport, path, {"uri": uri}, page_size=1000).map(_remote_file)

    def artifacts(self, job: str) -> ItemPaged[RemoteFile]:
        path = in_workspace(self._workspace, "jobs", job, "artifacts")
        return listed(self._transport, path, page_size=1000).map(_remote_file)

    def download(self, uri: str, target: Path) -> list[Path]:
        """Bring a file or a whole folder below `target`, files in parallel; what was written."""
        content = f"{in_workspace(self._workspace, 'files')}/content"

        def opened(path: str, offset: int) -> AbstractContextManager[httpx.Response]:
            exact = uri.rstrip("/").rsplit("/", 1)[-1] == path
            place = uri if exact and len(files) == 1 else f"{uri.rstrip('/')}/{path}"
            return self._transport.stream(content, params={"uri": place}, headers=_range(offset))

        files = list(self.below(uri))
        return self._fetch(files, target, opened, label=uri)

    def download_artifacts(self, job: str, target: Path) -> list[Path]:
        base = in_workspace(self._workspace, "jobs", job, "artifacts")

        def opened(path: str, offset: int) -> AbstractContextManager[httpx.Response]:
            return self._transport.stream(f"{base}/{quoted_path(path)}", headers=_range(offset))

        return self._fetch(list(self.artifacts(job)), target, opened, label=job)

    def _fetch(self, files: list[RemoteFile], target: Path, opened: Opener, *, label: str) -> list[Path]:
        pairs = [(file, _inside(target, file.path)) for file in files]
        self._progress.start(f"Downloading {label[-40:]}", sum(file.size for file in files))
        try:
            with ThreadPoolExecutor(_PARALLEL) as pool:
                return list(pool.map(lambda pair: self._fetch_file(pair[0], pair[1], opened), pairs))
        except OSError as error:
            raise StorageFull(f"'{target}' cannot be written: {error.strerror}.", mend="make room") from error
        finally:
            self._progress.finish()

    def _fetch_file(self, file: RemoteFile, target: Path, opened: Opener) -> Path:
        """One file, going on from where a broken connection left it; it appears whole or not at all."""
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{target.name}.part")
        with partial.open("wb") as output:
            for left in reversed(range(_ATTEMPTS)):
                try:
                    for chunk in self._chunks(file.path, output.tell(), opened):
                        output.write(chunk)
                        self._progress.advance(len(chunk))
                    break
                except httpx.TransportError as error:
                    if not left:
                        raise Unavailable(f"The download of '{file.path}' broke off: {error}.") from error
        partial.replace(target)
        return target

    @staticmethod
    def _chunks(path: str, offset: int, opened: Opener) -> Iterator[bytes]:
        with opened(path, offset) as response:
            # A server that ignores Range sends the file from its start.
            skip = offset if offset and response.status_code != httpx.codes.PARTIAL_CONTENT else 0
            for chunk in response.iter_bytes(1 << 20):
                kept = chunk[skip:]
                skip = max(0, skip - len(chunk))
                if kept:
                    yield kept


def _range(offset: int) -> dict[str, str]:
    return {"Range": f"bytes={offset}-"} if offset else {}


def _remote_file(body: dict[str, Any]) -> RemoteFile:
    return RemoteFile(str(body["path"]), int(body.get("size") or 0))


def _inside(target: Path, path: str) -> Path:
    """`path` below `target`; a server that names a place outside is not followed."""
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts or not pure.parts:
        raise InvalidInput(f"The server named '{path}', which leads out of the download folder.", field="path")
    return target.joinpath(*pure.parts)
