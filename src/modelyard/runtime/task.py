"""The task directory: what the launcher reads there and the records it leaves. Version 1 of the contract."""

from __future__ import annotations

import os

from .lean import dumps, loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

VERSION = 1
RESERVE_BYTES = 4096  # room for the exit record, taken while the disk still has it


class TaskError(Exception):
    """The task cannot run, or cannot be finished, for a reason its owner should read."""

    def __init__(self, type_: str, message: str, hint: str | None = None, where: str | None = None) -> None:
        super().__init__(message)
        self.type = type_
        self.message = message
        self.hint = hint
        self.where = where

    def to_dict(self) -> dict[str, Any]:
        values = {"type": self.type, "message": self.message, "where": self.where, "hint": self.hint}
        return {key: value for key, value in values.items() if value is not None}


class TaskDirectory:
    """Paths and records of one task. Every record is written to a temporary name and renamed."""

    def __init__(self, path: str) -> None:
        self.path = os.path.abspath(path)
        self.work = self.file("wd")

    def file(self, name: str) -> str:
        return f"{self.path}/{name}"

    def document(self) -> dict[str, Any]:
        """Read `task.json`; TaskError when it is missing, damaged or of a version that this launcher does not know."""
        try:
            with open(self.file("task.json"), encoding="utf-8") as stream:
                document: dict[str, Any] = loads(stream.read())
        except (OSError, ValueError) as error:
            raise TaskError("TaskUnreadable", f"The task's description cannot be read: {error}") from error
        if document.get("version") != VERSION:
            raise TaskError("TaskUnreadable", f"The task is of version {document.get('version')}, not {VERSION}.")
        return document

    def exists(self, name: str) -> bool:
        return os.path.exists(self.file(name))

    def write(self, name: str, record: dict[str, Any]) -> None:
        temporary = self.file(f".{name}.tmp")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            os.write(descriptor, dumps(record).encode())
        finally:
            os.close(descriptor)
        os.replace(temporary, self.file(name))

    def reserve_exit(self) -> None:
        """Take the blocks of the exit record now, so that it can be written when the disk is full."""
        descriptor = os.open(self.file(".exit.reserve"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            os.write(descriptor, b" " * RESERVE_BYTES)
        finally:
            os.close(descriptor)

    def write_exit(self, record: dict[str, Any]) -> None:
        """Write `exit.json` into the reserved blocks; its longest texts are cut to fit them."""
        body = _fitting(record)
        reserve = self.file(".exit.reserve")
        descriptor = os.open(reserve, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, body)
            os.ftruncate(descriptor, len(body))
        finally:
            os.close(descriptor)
        os.replace(reserve, self.file("exit.json"))


def _fitting(record: dict[str, Any]) -> bytes:
    limit = RESERVE_BYTES
    while True:
        body = dumps(record).encode()
        if len(body) <= RESERVE_BYTES:
            return body
        limit //= 2
        error = {key: value[:limit] if isinstance(value, str) else value for key, value in record["error"].items()}
        record = {**record, "error": error}
