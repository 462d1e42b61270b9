"""Files in a folder of this machine."""

from __future__ import annotations

import errno
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from modelyard.artifacts.paths import clean_file_path, clean_path
from modelyard.domain.errors import InvalidInput, NotFound, StorageFull, Unavailable
from modelyard.kit.ids import random_text
from modelyard.ports.artifact_store import CHUNK_BYTES, ArtifactStore, ArtifactWriter, FileStat

TEMPORARY_PREFIX = ".yard-tmp-"
LEFTOVER_SECONDS = 24 * 3600
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class LocalStore(ArtifactStore):
    """A store in the folder `root`, which is made when first written. The root itself may be a symbolic link."""

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()

    def open_read(self, path: str, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        file = self._open(path)
        file.seek(offset)
        return _chunks(file, length)

    @contextmanager
    def open_write(self, path: str) -> Iterator[ArtifactWriter]:
        target = self._resolve(clean_file_path(path))
        with translated(path), temporary_beside(target) as temporary:
            with temporary.open("wb") as file:
                yield _Writer(file, path)
            if target.is_dir():
                raise InvalidInput(f"'{path}' is a folder.", field="path")
            temporary.replace(target)

    def list(self, path: str = "", *, after: str | None = None) -> Iterator[FileStat]:
        clean = clean_path(path)
        last = None if after is None else clean_path(after)
        return (found for found in _walk(self._resolve(clean), clean, last) if not self._leads_out(found.path))

    def stat(self, path: str) -> FileStat:
        clean = clean_file_path(path)
        with translated(path):
            found = self._resolve(clean).stat()
        if not _is_file(found):
            raise NotFound(f"'{path}' is a folder, not a file.", field="path")
        return _file_stat(clean, found)

    def delete(self, path: str) -> int:
        target = self._resolve(clean_path(path))
        with translated(path):
            if target.is_dir():
                count = sum(1 for _ in _walk(target, ""))
                remove_tree(target)
                return count
            existed = target.exists()
            target.unlink(missing_ok=True)
        return int(existed)

    def copy(self, source: str, target: str) -> None:
        goal = self._resolve(clean_file_path(target))
        with translated(source), temporary_beside(goal) as temporary:
            shutil.copyfile(self._resolve(clean_file_path(source)), temporary)
            temporary.replace(goal)

    def local_path(self, path: str) -> Path | None:
        return self._resolve(clean_path(path))

    def sweep(self, now: float | None = None) -> int:
        """Remove what writers that were killed left half written a day ago or more; how many files and folders."""
        moment = time.time() if now is None else now
        swept = 0
        for folder, folders, files in os.walk(self._root):
            for name in (*folders, *files):
                if name.startswith(TEMPORARY_PREFIX) and _remove_old(Path(folder, name), moment - LEFTOVER_SECONDS):
                    swept += 1
            folders[:] = [name for name in folders if not name.startswith(TEMPORARY_PREFIX)]
        return swept

    def _open(self, path: str) -> BinaryIO:
        with translated(path):
            return self._resolve(clean_file_path(path)).open("rb")

    def _resolve(self, clean: str) -> Path:
        """The place of a cleaned path; InvalidInput when a symbolic link on the way leads out of the root."""
        place = self._root / clean if clean else self._root
        if self._is_outside(place):
            raise InvalidInput(f"The path '{clean}' leads out of its datastore.", field="path")
        return place

    def _leads_out(self, clean: str) -> bool:
        place = self._root / clean
        return place.is_symlink() and self._is_outside(place)

    def _is_outside(self, place: Path) -> bool:
        root = os.path.realpath(self._root)
        real = os.path.realpath(place)
        return real != root and not real.startswith(root.rstrip("/") + "/")


class _Writer:
    def __init__(self, file: BinaryIO, path: str) -> None:
        self._file = file
        self._path = path

    def write(self, chunk: bytes) -> None:
        with translated(self._path):
            self._file.write(chunk)


@contextmanager
def temporary_beside(target: Path) -> Iterator[Path]:
    """A name beside `target` for what is being written; removed whatever happens, unless renamed away."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.parent / f"{TEMPORARY_PREFIX}{random_text(12)}"
    try:
        yield temporary
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()


def remove_tree(place: Path) -> None:
    """Remove a file or a folder that may hold read-only folders; nothing happens when it is not there."""
    if not place.is_dir() or place.is_symlink():
        place.unlink(missing_ok=True)
        return
    for folder, _, _ in os.walk(place):
        Path(folder).chmod(0o755)
    shutil.rmtree(place)


@contextmanager
def translated(path: str) -> Iterator[None]:
    """Turn what the file system refuses into the error family."""
    try:
        yield
    except (FileNotFoundError, IsADirectoryError) as error:
        raise NotFound(f"There is no file '{path}'.", field="path") from error
    except (NotADirectoryError, FileExistsError) as error:
        raise InvalidInput(f"A part of '{path}' is a file, not a folder.", field="path") from error
    except PermissionError as error:
        raise Unavailable(f"The server may not touch '{path}'.", mend="check who owns the storage folder") from error
    except OSError as error:
        if error.errno in _FULL:
            raise StorageFull(
                f"No room left to write '{path}'.", mend="free space on the server's storage and try again"
            ) from error
        if error.errno == errno.ENAMETOOLONG:
            raise InvalidInput(f"The path '{path[:80]}...' is too long.", field="path") from error
        if error.errno == errno.ELOOP:
            raise InvalidInput(f"The path '{path}' is a loop of links.", field="path") from error
        raise Unavailable(f"The storage failed at '{path}': {error.strerror}.") from error


def _remove_old(place: Path, before: float) -> bool:
    try:
        if place.stat(follow_symlinks=False).st_mtime >= before:
            return False
    except FileNotFoundError:
        return False
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place, ignore_errors=True)
    else:
        place.unlink(missing_ok=True)
    return True


def _chunks(file: BinaryIO, length: int | None) -> Iterator[bytes]:
    left = length
    with file:
        while left is None or left > 0:
            chunk = file.read(CHUNK_BYTES if left is None else min(CHUNK_BYTES, left))
            if not chunk:
                return
            if left is not None:
                left -= len(chunk)
            yield chunk


def _walk(folder: Path, prefix: str, after: str | None = None) -> Iterator[FileStat]:
    """Files below `folder` past `after`, ordered by path; links that lead to folders are not followed."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name + ("/" if _is_folder(entry) else ""))
    except (FileNotFoundError, NotADirectoryError):
        return
    for entry in entries:
        path = f"{prefix}/{entry.name}" if prefix else entry.name
        if after is not None and _is_before(path, after, folder=_is_folder(entry)):
            continue
        if _is_folder(entry):
            yield from _walk(Path(entry.path), path, after)
        elif entry.is_file() and not entry.name.startswith(TEMPORARY_PREFIX):
            with suppress(FileNotFoundError):
                yield _file_stat(path, entry.stat())


def _is_before(path: str, after: str, *, folder: bool) -> bool:
    """Whether a file, or everything in a folder, comes no later than `after`."""
    if not folder:
        return path <= after
    return f"{path}/" < after and not after.startswith(f"{path}/")


def _is_folder(entry: os.DirEntry[str]) -> bool:
    return entry.is_dir(follow_symlinks=False)


def _is_file(found: os.stat_result) -> bool:
    return (found.st_mode & 0o170000) == 0o100000


def _file_stat(path: str, found: os.stat_result) -> FileStat:
    return FileStat(path=path, size=found.st_size, modified_at=datetime.fromtimestamp(found.st_mtime, UTC))
