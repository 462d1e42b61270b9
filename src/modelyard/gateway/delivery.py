"""Handing one request to an instance, and what is done when that fails.

What may be repeated: a request that no instance took (nothing was sent) is offered until its time is over, which
also bridges the moment in which a dead worker is replaced; one whose worker died before a byte of answer is given to
one other instance, not more, because it may be the request that kills them. Everything else is scored once.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from modelyard.gateway.routing import DeploymentRoute, EndpointRoute, RoutingTable
from modelyard.gateway.traffic import NoDeployment, choose
from modelyard.gateway.upstream import Answer, ConnectFailed, DiedBeforeAnswer, InstancePool, TimedOut, UpstreamError

_DEATHS_PER_REQUEST = 2
_PAUSE_SECONDS = 0.05
_PATIENCE_SECONDS = 5.5


@dataclass(frozen=True, slots=True)
class Delivered:
    deployment: str
    instance: str
    answer: Answer


class NotDelivered(Exception):
    """No answer for this request: the HTTP status and code to give instead."""

    def __init__(self, status: int, code: str, message: str, deployment: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.deployment = deployment


class Delivery:
    """Holds the current routing table and the pools to its instances. Belongs to one event loop."""

    def __init__(self, draw: random.Random, on_retry: Callable[[str, str], None]) -> None:
        self.table = RoutingTable()
        self._pools: dict[str, InstancePool] = {}
        self._draw = draw
        self._on_retry = on_retry

    def adopt(self, table: RoutingTable) -> None:
        """Route by a new table from the next attempt on; requests under way end where they are."""
        wanted = table.instances()
        for socket in self._pools.keys() - wanted.keys():
            self._pools.pop(socket).close()
        for socket, instance in wanted.items():
            if socket not in self._pools:
                self._pools[socket] = InstancePool(instance.id, socket)
        self.table = table

    def close(self) -> None:
        """Let go of every idle connection."""
        self.adopt(RoutingTable(self.table.version))

    def in_flight(self) -> dict[tuple[str, str], int]:
        """Requests held now, by endpoint and deployment."""
        return {
            (endpoint.key, deployment.name): sum(pool.in_flight for pool in self._pools_of(deployment))
            for endpoint in self.table.endpoints.values()
            for deployment in endpoint.deployments.values()
        }

    async def deliver(self, endpoint: EndpointRoute, pinned: str | None, payload: bytes) -> Delivered:
        """The answer of one instance; NoDeployment or NotDelivered when there is none."""
        started = time.monotonic()
        deaths = 0
        while True:
            current = self.table.endpoints.get(endpoint.key)
            if current is None:
                raise NoDeployment("The endpoint was deleted.", temporary=False)
            try:
                deployment = choose(current, pinned, self._draw)
            except NoDeployment as error:
                if not error.temporary or time.monotonic() - started > _PATIENCE_SECONDS:
                    raise
                await asyncio.sleep(_PAUSE_SECONDS)
                continue
            try:
                return await self.offer(deployment, payload, started + deployment.patience_seconds)
            except ConnectFailed as error:
                if time.monotonic() + _PAUSE_SECONDS > started + deployment.patience_seconds:
                    raise _give_up(error, deployment) from error
                await asyncio.sleep(_PAUSE_SECONDS)
            except DiedBeforeAnswer as error:
                deaths += 1
                if deaths == _DEATHS_PER_REQUEST:
                    raise _give_up(error, deployment) from error
            except UpstreamError as error:
                raise _give_up(error, deployment) from error
            self._on_retry(endpoint.key, deployment.name)

    async def offer(self, deployment: DeploymentRoute, payload: bytes, deadline: float) -> Delivered:
        """Offer a request to the instances in turn, the least busy first, until one takes it."""
        refusal: UpstreamError = ConnectFailed("the deployment has no instance")
        pools = self._pools_of(deployment)
        if len(pools) > 1:
            self._draw.shuffle(pools)
            pools.sort(key=_busy)
        for pool in pools:
            try:
                answer = await pool.exchange(payload, max(deadline - time.monotonic(), 0.001))
            except ConnectFailed as error:
                refusal = error
            else:
                return Delivered(deployment.name, pool.instance_id, answer)
        raise refusal

    def _pools_of(self, deployment: DeploymentRoute) -> list[InstancePool]:
        return [self._pools[one.socket] for one in deployment.instances if one.socket in self._pools]


def _busy(pool: InstancePool) -> int:
    return pool.in_flight


def _give_up(error: UpstreamError, deployment: DeploymentRoute) -> NotDelivered:
    if isinstance(error, TimedOut):
        return NotDelivered(504, "timeout", "The deployment gave no answer in time.", deployment.name)
    if isinstance(error, ConnectFailed):
        return NotDelivered(502, "no_instance", "No instance of the deployment can be reached.", deployment.name)
    if isinstance(error, DiedBeforeAnswer):
        message = "The scoring worker died while it scored this request."
        return NotDelivered(502, "worker_died", message, deployment.name)
    return NotDelivered(502, "bad_answer", f"The deployment gave no whole answer: {error}.", deployment.name)
