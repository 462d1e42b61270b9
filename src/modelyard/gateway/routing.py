"""The routing snapshot: what the gateway knows, read from one file that the deployment controller replaces.

A broken or vanished file changes nothing: the last good snapshot keeps serving.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

READ_EVERY_SECONDS = 0.1


@dataclass(frozen=True)
class InstanceAddress:
    id: str
    socket: str


@dataclass(frozen=True)
class DeploymentRoute:
    name: str
    instances: tuple[InstanceAddress, ...]
    request_timeout_ms: int = 5000
    max_concurrent_requests_per_instance: int = 1
    max_queue_wait_ms: int = 500

    @property
    def patience_seconds(self) -> float:
        """The longest a worker may take by its own rules, and a little more so that it is the one to say so."""
        return (self.request_timeout_ms + self.max_queue_wait_ms) / 1000 + 0.5


@dataclass(frozen=True)
class EndpointRoute:
    key: str
    auth_mode: str
    key_hashes: tuple[str, ...]
    traffic: Mapping[str, int]
    mirror_traffic: Mapping[str, int]
    deployments: Mapping[str, DeploymentRoute]


@dataclass(frozen=True)
class RoutingTable:
    version: int = 0
    endpoints: Mapping[str, EndpointRoute] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> RoutingTable:
        """Parse a snapshot; KeyError, TypeError or ValueError when it is not one."""
        endpoints = {key: _endpoint(key, value) for key, value in raw["endpoints"].items()}
        return cls(version=int(raw["version"]), endpoints=endpoints)

    def instances(self) -> dict[str, InstanceAddress]:
        """Every instance by its socket."""
        return {
            instance.socket: instance
            for endpoint in self.endpoints.values()
            for deployment in endpoint.deployments.values()
            for instance in deployment.instances
        }


class RoutingFile:
    """Reads the snapshot again when the file was replaced, and tells `changed`."""

    def __init__(self, path: Path, changed: Callable[[RoutingTable], None]) -> None:
        self._path = path
        self._changed = changed
        self._seen: tuple[int, int, int] | None = None

    def read_if_changed(self) -> bool:
        """True when a new snapshot was read. Never raises."""
        try:
            stat = self._path.stat()
            stamp = (stat.st_mtime_ns, stat.st_ino, stat.st_size)
            if stamp == self._seen:
                return False
            self._seen = stamp
            table = RoutingTable.from_dict(json.loads(self._path.read_bytes()))
        except FileNotFoundError:
            return False
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            log.exception("routing snapshot %s cannot be read: the last one stays", self._path)
            return False
        self._changed(table)
        log.info("routing snapshot %d: %d endpoints", table.version, len(table.endpoints))
        return True

    async def watch(self) -> None:
        while True:
            self.read_if_changed()
            await asyncio.sleep(READ_EVERY_SECONDS)


def _endpoint(key: str, raw: Mapping[str, Any]) -> EndpointRoute:
    return EndpointRoute(
        key=key,
        auth_mode=str(raw.get("auth_mode", "key")),
        key_hashes=tuple(str(one) for one in raw.get("key_hashes", ())),
        traffic={str(name): int(weight) for name, weight in (raw.get("traffic") or {}).items()},
        mirror_traffic={str(name): int(share) for name, share in (raw.get("mirror_traffic") or {}).items()},
        deployments={name: _deployment(name, value) for name, value in raw["deployments"].items()},
    )


def _deployment(name: str, raw: Mapping[str, Any]) -> DeploymentRoute:
    return DeploymentRoute(
        name=name,
        instances=tuple(InstanceAddress(str(one["id"]), str(one["socket"])) for one in raw["instances"]),
        request_timeout_ms=int(raw.get("request_timeout_ms") or 5000),
        max_concurrent_requests_per_instance=int(raw.get("max_concurrent_requests_per_instance") or 1),
        max_queue_wait_ms=int(raw.get("max_queue_wait_ms", 500)),
    )
