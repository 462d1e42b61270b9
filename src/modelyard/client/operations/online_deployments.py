"""`ml_client.online_deployments`"""

from __future__ import annotations

from typing import Any

from modelyard.client.operations.provisioning import until_gone, until_provisioned
from modelyard.client.paging import ItemPaged
from modelyard.client.poller import LROPoller
from modelyard.client.resources.named import NamedResource
from modelyard.client.scope import Scope
from modelyard.client.uploads.local_files import LocalFiles
from modelyard.domain.errors import InvalidInput
from modelyard.domain.online_deployment import OnlineDeployment


class OnlineDeploymentOperations:
    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def begin_create_or_update(
        self, deployment: OnlineDeployment, *, local: bool = False, **_: Any
    ) -> LROPoller[OnlineDeployment]:
        """Upload its code and model where they are local, then start it or roll it over."""
        if not deployment.endpoint_name:
            raise InvalidInput("The deployment does not say its endpoint.", field="endpoint_name", mend="name one")
        if not deployment.name:
            raise InvalidInput("The deployment has no name.", field="name", mend="name it, such as blue")
        resource, name = self._of(deployment.endpoint_name), deployment.name
        resource_body = LocalFiles(self._scope).uploaded(deployment).to_dict()
        first = resource.put(name, resource_body)
        return until_provisioned("deployment", first, lambda: resource.get(name), OnlineDeployment.from_stored)

    def begin_delete(self, name: str, endpoint_name: str, *, local: bool = False) -> LROPoller[None]:
        resource = self._of(endpoint_name)
        resource.delete(name)
        return until_gone("deployment", lambda: resource.get(name))

    def get(self, name: str, endpoint_name: str, *, local: bool = False) -> OnlineDeployment:
        return OnlineDeployment.from_stored(self._of(endpoint_name).get(name))

    def list(self, endpoint_name: str, *, local: bool = False) -> ItemPaged[OnlineDeployment]:
        return self._of(endpoint_name).list().map(OnlineDeployment.from_stored)

    def get_logs(
        self, name: str, endpoint_name: str, lines: int = 50, *, container_type: str | None = None, local: bool = False
    ) -> str:
        """The last lines that its workers wrote."""
        path = self._of(endpoint_name).path(name, "logs")
        return self._scope.transport.send("GET", path, params={"lines": lines}).text

    def _of(self, endpoint_name: str) -> NamedResource:
        return self._scope.named("online-endpoints", endpoint_name, "deployments")
