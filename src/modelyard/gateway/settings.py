"""The gateway's settings: the few of the platform's `MODELYARD_*` that concern it, read without the server's code."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class GatewaySettings:
    home: Path
    host: str = "127.0.0.1"
    port: int = 5601
    max_body_bytes: int = 32 << 20
    access_log: bool = True
    drain_seconds: float = 10.0

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> GatewaySettings:
        """Read the variables; ValueError names the one that is wrong."""
        given = os.environ if environment is None else environment
        home = Path(given.get("MODELYARD_HOME") or Path.home() / ".modelyard")
        return cls(
            home=home.expanduser().absolute(),
            host=given.get("MODELYARD_GATEWAY_HOST") or cls.host,
            port=_whole(given, "MODELYARD_GATEWAY_PORT", cls.port, most=65535),
            max_body_bytes=_whole(given, "MODELYARD_MAX_BODY_BYTES", cls.max_body_bytes),
            access_log=(given.get("MODELYARD_ACCESS_LOG") or "1").lower() not in ("0", "false", "no"),
        )

    @property
    def routing_file(self) -> Path:
        return self.home / "endpoints" / "routing.json"

    @property
    def url(self) -> str:
        host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(self.host, self.host)
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"


def _whole(given: Mapping[str, str], name: str, default: int, *, most: int | None = None) -> int:
    text = given.get(name)
    if not text:
        return default
    if not text.isdecimal() or (most is not None and int(text) > most):
        raise ValueError(f"{name}: '{text}' is not a whole number" + (f" up to {most}" if most else ""))
    return int(text)
