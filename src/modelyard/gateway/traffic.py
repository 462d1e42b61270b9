"""Which deployment answers: pinned by header, else drawn by weight among those that have instances."""

from __future__ import annotations

import random
from collections.abc import Mapping

from modelyard.gateway.routing import DeploymentRoute, EndpointRoute

Draw = random.Random


class NoDeployment(Exception):
    """Nothing to route to. `temporary` when an instance may come back by itself."""

    def __init__(self, message: str, *, temporary: bool, mend: str | None = None) -> None:
        super().__init__(message)
        self.temporary = temporary
        self.mend = mend


def choose(endpoint: EndpointRoute, pinned: str | None, draw: Draw) -> DeploymentRoute:
    """The deployment for one request, or NoDeployment."""
    if pinned is not None:
        return _pinned(endpoint, pinned)
    carrying = {name: weight for name, weight in endpoint.traffic.items() if weight > 0}
    if not carrying:
        raise NoDeployment(
            "No deployment of this endpoint receives traffic.",
            temporary=False,
            mend="give one traffic, or name one by the azureml-model-deployment header",
        )
    # While all instances of one deployment are down, the others answer for it.
    ready = {name: weight for name, weight in carrying.items() if _ready(endpoint, name)}
    if not ready:
        raise NoDeployment("No instance of this endpoint is ready.", temporary=True)
    return endpoint.deployments[draw_by_weight(ready, draw)]


def mirror(endpoint: EndpointRoute, answering: str, draw: Draw) -> DeploymentRoute | None:
    """The deployment that gets a copy of this request, if any."""
    for name, percent in endpoint.mirror_traffic.items():
        if name != answering and _ready(endpoint, name) and draw.random() * 100 < percent:
            return endpoint.deployments[name]
    return None


def draw_by_weight(weights: Mapping[str, int], draw: Draw) -> str:
    if len(weights) == 1:
        return next(iter(weights))
    point = draw.random() * sum(weights.values())
    for name, weight in weights.items():
        point -= weight
        if point < 0:
            return name
    return name


def _pinned(endpoint: EndpointRoute, name: str) -> DeploymentRoute:
    deployment = endpoint.deployments.get(name)
    if deployment is None:
        known = ", ".join(sorted(endpoint.deployments)) or "none"
        raise NoDeployment("This endpoint has no such deployment.", temporary=False, mend=f"deployments: {known}")
    if not deployment.instances:
        raise NoDeployment(f"No instance of the deployment '{name}' is ready.", temporary=True)
    return deployment


def _ready(endpoint: EndpointRoute, name: str) -> bool:
    deployment = endpoint.deployments.get(name)
    return deployment is not None and bool(deployment.instances)
