"""The client's view of MODELYARD_HOME: what the running server wrote there, and the user's own defaults."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelyard.domain.errors import InvalidInput

_LOGIN_FILE = "client.json"


@dataclass(frozen=True)
class Home:
    """A folder that may not exist yet. Every reader answers None or an empty mapping then."""

    path: Path

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Home:
        values = os.environ if environment is None else environment
        given = values.get("MODELYARD_HOME")
        return cls(Path(given).expanduser().absolute() if given else Path.home() / ".modelyard")

    def server(self) -> dict[str, Any]:
        """`server.json` of the server that was started last, running or not."""
        return self._json("server.json")

    def gateway(self) -> dict[str, Any]:
        return self._json("gateway.json")

    def admin_token(self) -> str | None:
        try:
            return (self.path / "admin-token").read_text("utf-8").strip() or None
        except (FileNotFoundError, PermissionError):
            return None

    def login(self) -> dict[str, Any]:
        """What `modelyard login` and `modelyard configure` remember: server_url, token, defaults."""
        return self._json(_LOGIN_FILE)

    def remember(self, changes: Mapping[str, Any]) -> None:
        """Merge `changes` into the remembered values; None forgets a key. The file is readable by its owner alone."""
        merged = {key: value for key, value in {**self.login(), **changes}.items() if value is not None}
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = self.path / f".{_LOGIN_FILE}.{os.getpid()}"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(merged, file, indent=2)
        temporary.replace(self.path / _LOGIN_FILE)

    def _json(self, name: str) -> dict[str, Any]:
        path = self.path / name
        try:
            value = json.loads(path.read_text("utf-8"))
        except (FileNotFoundError, PermissionError):
            return {}
        except ValueError as error:
            raise InvalidInput(f"{path} is not JSON: {error}.", file=str(path), mend="remove the file") from error
        return value if isinstance(value, dict) else {}
