"""Files in an object store: S3, Azure Blob, Google Cloud Storage, or memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from modelyard.artifacts.paths import clean_file_path, clean_path
from modelyard.domain.errors import InvalidInput, ModelyardError, NotFound, Unavailable
from modelyard.domain.extras import require
from modelyard.ports.artifact_store import CHUNK_BYTES, ArtifactStore, ArtifactWriter, FileStat

_PART_BYTES = 8 * CHUNK_BYTES
_SCHEMES = ("s3://", "gs://", "az://", "adl://", "abfs://", "abfss://", "https://", "memory://")


class ObjectStore(ArtifactStore):
    """A store below `prefix` in one bucket or container. Objects appear when their writer closes."""

    def __init__(self, bucket: Any, prefix: str = "") -> None:
        self._bucket = bucket
        self._prefix = clean_path(prefix, field="prefix")
        self._obstore = require("obstore", extra="server", what="Object storage")

    @classmethod
    def from_url(cls, url: str, options: Mapping[str, str] | None = None) -> Self:
        """A store by URL, such as `s3://bucket/prefix`; `options` are obstore's, credentials among them."""
        if not url.startswith(_SCHEMES):
            raise InvalidInput(
                f"'{url.partition('://')[0]}' is not a known kind of object store.",
                field="url",
                mend=f"use one of {', '.join(_SCHEMES)}",
            )
        store = require("obstore.store", extra="server", what="Object storage")
        if url.startswith("memory://"):
            return cls(store.MemoryStore(), url.removeprefix("memory://"))
        try:
            return cls(store.from_url(url, **dict(options or {})))
        except Exception as error:  # the library's errors share no base with ValueError and TypeError
            raise InvalidInput(f"The object store refuses its settings: {_first_line(error)}.", field="url") from error

    def below(self, prefix: str) -> ObjectStore:
        """The same bucket, with its root at `prefix` below this one."""
        return ObjectStore(self._bucket, f"{self._prefix}/{prefix}" if self._prefix else prefix)

    def open_read(self, path: str, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        size = self.stat(path).size
        end = size if length is None else min(size, offset + length)
        if offset >= end:
            return iter(())
        with _translated(path):
            result = self._obstore.get(self._bucket, self._key(path), options={"range": (offset, end)})
        return _chunks(result, path)

    @contextmanager
    def open_write(self, path: str) -> Iterator[ArtifactWriter]:
        # The upload is completed by close() alone: after an exception the parts are dropped, no object appears.
        with _translated(path):
            file = self._obstore.open_writer(self._bucket, self._key(path), buffer_size=_PART_BYTES)
        yield _Writer(file, path)
        with _translated(path):
            file.close()

    def list(self, path: str = "", *, after: str | None = None) -> Iterator[FileStat]:
        offset = None if after is None else self._below(clean_path(after))
        return self._list(self._folder(clean_path(path)), path, offset)

    def stat(self, path: str) -> FileStat:
        with _translated(path):
            return self._file_stat(self._obstore.head(self._bucket, self._key(path)))

    def delete(self, path: str) -> int:
        clean = clean_path(path)
        keys = [self._below(found.path) for found in self.list(clean)]
        if clean and not keys and self._exists(clean):
            keys = [self._below(clean)]
        with _translated(path):
            if keys:
                self._obstore.delete(self._bucket, keys)
        return len(keys)

    def copy(self, source: str, target: str) -> None:
        with _translated(source):
            self._obstore.copy(self._bucket, self._key(source), self._key(target))

    def local_path(self, path: str) -> Path | None:
        clean_path(path)
        return None

    def _exists(self, clean: str) -> bool:
        try:
            self.stat(clean)
        except NotFound:
            return False
        return True

    def _list(self, prefix: str, path: str, offset: str | None) -> Iterator[FileStat]:
        with _translated(path):
            for batch in self._obstore.list(self._bucket, prefix=prefix or None, offset=offset):
                for found in batch:
                    yield self._file_stat(found)

    def _file_stat(self, found: Mapping[str, Any]) -> FileStat:
        path = str(found["path"])
        if self._prefix:
            path = path.removeprefix(self._prefix + "/")
        return FileStat(path=path, size=found["size"], modified_at=found["last_modified"])

    def _key(self, path: str) -> str:
        return self._below(clean_file_path(path))

    def _below(self, clean: str) -> str:
        return f"{self._prefix}/{clean}" if self._prefix else clean

    def _folder(self, clean: str) -> str:
        joined = "/".join(part for part in (self._prefix, clean) if part)
        return joined + "/" if joined else ""


class _Writer:
    def __init__(self, file: Any, path: str) -> None:
        self._file = file
        self._path = path

    def write(self, chunk: bytes) -> None:
        with _translated(self._path):
            self._file.write(chunk)


@contextmanager
def _translated(path: str) -> Iterator[None]:
    try:
        yield
    except ModelyardError:
        raise
    except FileNotFoundError as error:
        raise NotFound(f"There is no file '{path}'.", field="path") from error
    except Exception as error:  # obstore raises a class for each store's failure, without a common base of ours
        raise Unavailable(
            f"The object store failed at '{path}': {_first_line(error)}.", mend="check its address and credentials"
        ) from error


def _chunks(result: Any, path: str) -> Iterator[bytes]:
    with _translated(path):
        for chunk in result.stream(min_chunk_size=CHUNK_BYTES):
            view = memoryview(chunk)
            for start in range(0, len(view), CHUNK_BYTES):
                yield bytes(view[start : start + CHUNK_BYTES])


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")[:300]
