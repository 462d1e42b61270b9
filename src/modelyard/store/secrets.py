"""Secrets at rest: sealed with one key that lives in a file beside the database, never in it."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken

from modelyard.domain.errors import Unavailable

KEY_FILE = "secret.key"


class SecretBox:
    """Seals and opens small mappings (keys, credentials). Authenticated: a changed seal does not open."""

    def __init__(self, key: bytes) -> None:
        self._fernet = Fernet(key)

    @classmethod
    def from_file(cls, path: Path) -> SecretBox:
        """The box of the key in `path`, which is made with mode 0600 when it is not there.

        A key appears whole or not at all, whoever else makes it at the same moment and wherever the machine stops.
        """
        if not path.exists():
            descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(Fernet.generate_key())
                    file.flush()
                    os.fsync(file.fileno())
                with suppress(FileExistsError):
                    os.link(temporary, path)
            finally:
                Path(temporary).unlink()
        return cls(path.read_bytes().strip())

    def seal(self, content: Mapping[str, Any]) -> bytes:
        return self._fernet.encrypt(json.dumps(dict(content)).encode())

    def open(self, sealed: bytes) -> dict[str, Any]:
        try:
            content: dict[str, Any] = json.loads(self._fernet.decrypt(sealed))
        except InvalidToken as error:
            raise Unavailable(
                "A stored secret cannot be opened: it was sealed with another key.",
                mend=f"Restore the file {KEY_FILE} that belongs to this database, or set the secret again.",
            ) from error
        return content
