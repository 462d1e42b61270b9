"""What stands on the node before the command runs, and what is carried away after it: code, inputs, outputs."""

from __future__ import annotations

import errno
import os
import stat

from .task import TaskDirectory, TaskError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

BLOCK_BYTES = 1 << 20


def stage(directory: TaskDirectory, document: dict[str, Any]) -> None:
    """Fill the working directory, materialise inputs and make room for outputs. Raises TaskError."""
    try:
        _link_artifacts(directory, document["artifacts_dir"])
        code = document.get("code") or {}
        if code.get("path"):
            copy_tree(code["path"], directory.work)
        for name, text in (document.get("files") or {}).items():
            with open(f"{directory.work}/{name}", "w", encoding="utf-8") as stream:
                stream.write(text)
    except OSError as error:
        raise storage_error("The code could not be copied to the node", error) from error
    for entry in document.get("inputs", ()):
        _materialise(entry)
    for entry in document.get("outputs", ()):
        _prepare_output(entry)


def collect(document: dict[str, Any]) -> None:
    """Carry outputs of mode upload to their destination. Raises TaskError naming the first that cannot be."""
    for entry in document.get("outputs", ()):
        destination = entry.get("destination")
        if not destination or not os.path.lexists(entry["path"]):
            continue
        try:
            copy_tree(entry["path"], destination)
        except OSError as error:
            raise storage_error(f"Output '{entry['name']}' could not be stored", error) from error


def copy_tree(source: str, target: str) -> None:
    """Copy a file or a folder into `target`, merging folders. Files appear whole or not at all; links are followed.

    Copies are writable by their owner, whatever the source's mode, because sources are often read-only blobs.
    """
    if not os.path.isdir(source):
        os.makedirs(os.path.dirname(target), exist_ok=True)
        _copy_file(source, target)
        return
    os.makedirs(target, exist_ok=True)
    for entry in _entries(source):
        if entry.is_dir():
            copy_tree(entry.path, f"{target}/{entry.name}")
        else:
            _copy_file(entry.path, f"{target}/{entry.name}")


def storage_error(what: str, error: OSError) -> TaskError:
    """A TaskError for an operating-system error, that knows a full disk when it meets one."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return TaskError("StorageFull", f"{what}: the disk is full.", "Free some space and run the job again.")
    return TaskError("StorageError", f"{what}: {error}")


def _link_artifacts(directory: TaskDirectory, artifacts: str) -> None:
    os.makedirs(directory.work, exist_ok=True)
    for name in ("outputs", "logs"):
        os.makedirs(f"{artifacts}/{name}", exist_ok=True)
        link = f"{directory.work}/{name}"
        if not os.path.lexists(link):
            os.symlink(f"{artifacts}/{name}", link)


def _materialise(entry: dict[str, Any]) -> None:
    name, source, target = entry["name"], entry["source"], str(entry.get("target"))
    try:
        if source.get("url"):
            from .download import fetch  # lint: late-import: urllib costs more than all the rest

            fetch(source["url"], target)
        elif source.get("path"):
            _materialise_path(entry["mode"], source["path"], target)
    except FileNotFoundError as error:
        raise TaskError(
            "InputNotFound",
            f"Input '{name}' is not there: {source.get('path')} does not exist.",
            "Check the input's path, or register the data again.",
        ) from error
    except OSError as error:
        raise storage_error(f"Input '{name}' could not be fetched", error) from error


def _materialise_path(mode: str, source: str, target: str) -> None:
    os.stat(source)
    if os.path.lexists(target) and os.path.samefile(source, target):
        return
    if mode in ("download", "eval_download"):
        copy_tree(source, target)
        return
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if not os.path.lexists(target):
        os.symlink(source, target)


def _prepare_output(entry: dict[str, Any]) -> None:
    path = entry["path"]
    try:
        if entry.get("fresh"):
            _remove(path)
        if entry["type"] == "uri_file":
            os.makedirs(os.path.dirname(path), exist_ok=True)
        else:
            os.makedirs(path, exist_ok=True)
    except OSError as error:
        raise storage_error(f"Output '{entry['name']}' has no place", error) from error


def _remove(path: str) -> None:
    if os.path.islink(path) or os.path.isfile(path):
        os.unlink(path)
    elif os.path.isdir(path):
        for entry in _entries(path):
            if entry.is_dir(follow_symlinks=False):
                _remove(entry.path)
            else:
                os.unlink(entry.path)
        os.rmdir(path)


def _entries(path: str) -> Iterator[os.DirEntry[str]]:
    with os.scandir(path) as entries:
        yield from sorted(entries, key=lambda entry: entry.name)


def _copy_file(source: str, target: str) -> None:
    temporary = f"{target}.modelyard-partial"
    reading = os.open(source, os.O_RDONLY)
    try:
        mode = stat.S_IMODE(os.fstat(reading).st_mode) | stat.S_IWUSR
        writing = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        try:
            while block := os.read(reading, BLOCK_BYTES):
                _write_all(writing, block)
            os.fchmod(writing, mode)
        except OSError:
            os.unlink(temporary)
            raise
        finally:
            os.close(writing)
    finally:
        os.close(reading)
    os.replace(temporary, target)


def _write_all(descriptor: int, block: bytes) -> None:
    view = memoryview(block)
    while view:
        view = view[os.write(descriptor, view) :]
