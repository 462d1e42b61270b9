"""The server's settings: one place, all named `MODELYARD_*` in the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from modelyard.domain.errors import InvalidInput

PREFIX = "MODELYARD_"
_MIB = 1 << 20


class Settings(BaseModel):
    """Frozen; `Settings.from_environment()` reads `MODELYARD_<FIELD>`, an empty value counting as unset."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    home: Path = Field(default_factory=lambda: Path.home() / ".modelyard")
    host: str = "127.0.0.1"
    port: int = Field(5600, ge=0, le=65535)
    gateway_host: str = "127.0.0.1"
    gateway_port: int = Field(5601, ge=0, le=65535)
    database_url: str | None = None
    storage_url: str | None = None
    max_body_bytes: int = Field(32 * _MIB, ge=1024)
    max_blob_bytes: int = Field(1 << 40, ge=1024)
    local_cpus: float | None = Field(None, gt=0)
    local_memory_bytes: int | None = Field(None, gt=0)
    local_gpus: int | None = Field(None, ge=0)
    max_concurrent_jobs: int | None = Field(None, ge=1)
    warm_processes: int = Field(4, ge=0, le=1000)
    warm_idle_seconds: float = Field(600, gt=0)
    allow_private_webhooks: bool = False
    run_controllers: bool = True
    run_gateway: bool = True

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Read every known variable; a bad value is InvalidInput naming the variable."""
        values = os.environ if environment is None else environment
        given = {name: values[PREFIX + name.upper()] for name in cls.model_fields if values.get(PREFIX + name.upper())}
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            name = PREFIX + str(first["loc"][0]).upper()
            raise InvalidInput(f"{name}: {first['msg']}.", field=name, mend=f"correct or unset {name}") from error

    @property
    def resolved_home(self) -> Path:
        return self.home.expanduser().absolute()

    @property
    def resolved_database_url(self) -> str:
        return self.database_url or f"sqlite:///{self.resolved_home / 'modelyard.db'}"

    @property
    def public_url(self) -> str:
        """The address that a client on this machine uses."""
        return f"http://{_reachable(self.host)}:{self.port}"

    @property
    def gateway_url(self) -> str:
        return f"http://{_reachable(self.gateway_host)}:{self.gateway_port}"


def _reachable(host: str) -> str:
    bare = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)
    return f"[{bare}]" if ":" in bare else bare
