"""The routing snapshot: what the gateway needs to know of all endpoints, in one file that is replaced whole."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from modelyard.domain.online_deployment import OnlineRequestSettings
from modelyard.domain.statuses import ProvisioningState
from modelyard.kit.files import write_json_atomically
from modelyard.store.database import Database
from modelyard.store.records import DeploymentRecord, EndpointRecord, InstanceRecord
from modelyard.store.transaction import Transaction

SERVING = "Ready"
"""The status of an instance that requests are sent to."""


class RoutingPublisher:
    """Writes `endpoints/routing.json` when its content changed. Every method may be called from any thread."""

    def __init__(self, database: Database, path: Path) -> None:
        self._database = database
        self._path = path
        self._lock = threading.Lock()
        self._written: dict[str, Any] | None = None

    def publish(self) -> None:
        """Bring the file in line with what is committed now. The last caller's view is never older than its commit."""
        with self._lock:
            with self._database.snapshot() as tx:
                endpoints = routing(tx)
            if endpoints == self._written and self._path.exists():
                return
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            version = max(self._last_version() + 1, int(time.time()))
            write_json_atomically(self._path, {"version": version, "endpoints": endpoints})
            self._written = endpoints

    def _last_version(self) -> int:
        try:
            return int(json.loads(self._path.read_bytes())["version"])
        except (OSError, ValueError, KeyError, TypeError):
            return 0


def routing(tx: Transaction) -> dict[str, Any]:
    """The routing of every endpoint that is not being deleted, by `<workspace>/<endpoint>`."""
    deployments = _grouped(tx.deployments.all())
    instances: dict[tuple[str, str, str], list[InstanceRecord]] = {}
    for instance in tx.instances.list():
        if instance.status == SERVING:
            instances.setdefault((instance.workspace, instance.endpoint, instance.deployment), []).append(instance)
    return {
        f"{endpoint.workspace}/{endpoint.name}": _endpoint(
            endpoint, deployments.get((endpoint.workspace, endpoint.name), []), instances
        )
        for endpoint in tx.endpoints.all()
        if endpoint.status is not ProvisioningState.DELETING
    }


def _endpoint(
    endpoint: EndpointRecord,
    deployments: list[DeploymentRecord],
    instances: dict[tuple[str, str, str], list[InstanceRecord]],
) -> dict[str, Any]:
    hashes = [endpoint.primary_key_hash, endpoint.secondary_key_hash]
    return {
        "auth_mode": endpoint.auth_mode,
        "key_hashes": [one for one in hashes if one],
        "traffic": endpoint.traffic,
        "mirror_traffic": endpoint.mirror_traffic,
        "deployments": {
            one.name: _deployment(one, instances.get((one.workspace, one.endpoint, one.name), []))
            for one in deployments
            if one.status is not ProvisioningState.DELETING
        },
    }


def _deployment(deployment: DeploymentRecord, instances: list[InstanceRecord]) -> dict[str, Any]:
    limits = OnlineRequestSettings.from_stored(deployment.spec.get("request_settings") or {})
    return {
        "instances": [{"id": one.name, "socket": one.handle["socket"]} for one in instances],
        "request_timeout_ms": limits.request_timeout_ms,
        "max_concurrent_requests_per_instance": limits.max_concurrent_requests_per_instance,
        "max_queue_wait_ms": limits.max_queue_wait_ms,
    }


def _grouped(records: Iterable[DeploymentRecord]) -> dict[tuple[str, str], list[DeploymentRecord]]:
    found: dict[tuple[str, str], list[DeploymentRecord]] = {}
    for record in records:
        found.setdefault((record.workspace, record.endpoint), []).append(record)
    return found
