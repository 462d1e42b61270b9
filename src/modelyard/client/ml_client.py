"""`MLClient`: the door to everything, of the same shape as `azure.ai.ml.MLClient`."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any, Self, TypeVar

from modelyard.client.connection import Connection, find_connection
from modelyard.client.operations.components import ComponentOperations
from modelyard.client.operations.compute import ComputeOperations
from modelyard.client.operations.data import DataOperations
from modelyard.client.operations.datastores import DatastoreOperations
from modelyard.client.operations.environments import EnvironmentOperations
from modelyard.client.operations.jobs import JobOperations
from modelyard.client.operations.models import ModelOperations
from modelyard.client.operations.online_deployments import OnlineDeploymentOperations
from modelyard.client.operations.online_endpoints import OnlineEndpointOperations
from modelyard.client.operations.schedules import ScheduleOperations
from modelyard.client.operations.subscriptions import SubscriptionOperations
from modelyard.client.operations.workspaces import WorkspaceOperations
from modelyard.client.poller import LROPoller
from modelyard.client.progress import TransferProgress
from modelyard.client.scope import Scope
from modelyard.client.transport import Transport
from modelyard.domain.compute import Compute
from modelyard.domain.data import Data
from modelyard.domain.datastore import Datastore
from modelyard.domain.entity import Entity
from modelyard.domain.environment import Environment
from modelyard.domain.errors import InvalidInput, Unsupported
from modelyard.domain.job import Job
from modelyard.domain.model import Model
from modelyard.domain.online_deployment import OnlineDeployment
from modelyard.domain.online_endpoint import OnlineEndpoint
from modelyard.domain.workspace import Workspace
from modelyard.kinds.components import Component
from modelyard.kinds.schedule import Schedule

E = TypeVar("E", bound=Entity)
_CONFIG_PLACES = (Path("config.json"), Path(".azureml", "config.json"), Path(".modelyard", "config.json"))


class MLClient:
    """Operation groups over one workspace. Nothing is sent until a group is used; usable from any thread.

    `credential`, `subscription_id` and `resource_group_name` are taken so that Azure ML scripts run: a text given as
    credential is the token, any other object is ignored; the other two are kept as labels. The server is
    `server_url`, else MODELYARD_SERVER_URL, else the one running here; the token `token`, else MODELYARD_TOKEN, else
    that of the local server.
    """

    def __init__(
        self,
        credential: object = None,
        subscription_id: str | None = None,
        resource_group_name: str | None = None,
        workspace_name: str | None = None,
        registry_name: str | None = None,
        *,
        server_url: str | None = None,
        token: str | None = None,
        progress: TransferProgress | None = None,
        **_: Any,
    ) -> None:
        if registry_name is not None:
            raise Unsupported("Registries are not there yet.", field="registry_name", mend="use a workspace")
        chosen = token or (credential if isinstance(credential, str) else None)
        connection = find_connection(server_url=server_url, token=chosen, workspace=workspace_name)
        self._begin(Scope(connection, progress=progress), subscription_id, resource_group_name)

    def _begin(self, scope: Scope, subscription_id: str | None, resource_group_name: str | None) -> None:
        self._scope = scope
        self.subscription_id = subscription_id
        self.resource_group_name = resource_group_name

    @classmethod
    def over(cls, connection: Connection, transport: Transport | None = None) -> Self:
        """A client of a connection that was found already."""
        client = cls.__new__(cls)
        client._begin(Scope(connection, transport), None, None)
        return client

    @classmethod
    def from_config(
        cls,
        credential: object = None,
        *,
        path: str | os.PathLike[str] | None = None,
        file_name: str | None = None,
        **options: Any,
    ) -> Self:
        """The workspace named by a `config.json` as Azure ML writes it, looked for here and in every folder above.

        Besides `subscription_id`, `resource_group` and `workspace_name` the file may hold `server_url`. Without a
        file the client is the same as without arguments.
        """
        found = _config(Path(path) if path is not None else None, file_name)
        given = {
            "subscription_id": found.get("subscription_id"),
            "resource_group_name": found.get("resource_group"),
            "workspace_name": found.get("workspace_name"),
            "server_url": found.get("server_url"),
        }
        return cls(credential, **{**given, **options})

    @property
    def workspace_name(self) -> str:
        return self._scope.workspace

    @property
    def server_url(self) -> str:
        return self._scope.connection.server_url

    @property
    def scope(self) -> Scope:
        """The same workspace as the wire has it: mappings instead of entities."""
        return self._scope

    @cached_property
    def jobs(self) -> JobOperations:
        return JobOperations(self._scope)

    @cached_property
    def data(self) -> DataOperations:
        return DataOperations(self._scope)

    @cached_property
    def models(self) -> ModelOperations:
        return ModelOperations(self._scope)

    @cached_property
    def environments(self) -> EnvironmentOperations:
        return EnvironmentOperations(self._scope)

    @cached_property
    def components(self) -> ComponentOperations:
        return ComponentOperations(self._scope)

    @cached_property
    def datastores(self) -> DatastoreOperations:
        return DatastoreOperations(self._scope)

    @cached_property
    def compute(self) -> ComputeOperations:
        return ComputeOperations(self._scope)

    @cached_property
    def online_endpoints(self) -> OnlineEndpointOperations:
        return OnlineEndpointOperations(self._scope)

    @cached_property
    def online_deployments(self) -> OnlineDeploymentOperations:
        return OnlineDeploymentOperations(self._scope)

    @cached_property
    def schedules(self) -> ScheduleOperations:
        return ScheduleOperations(self._scope)

    @cached_property
    def subscriptions(self) -> SubscriptionOperations:
        return SubscriptionOperations(self._scope)

    @cached_property
    def workspaces(self) -> WorkspaceOperations:
        return WorkspaceOperations(self._scope)

    def create_or_update(self, entity: E, **options: Any) -> E:
        """Create a job or an asset: the group is found by the entity's class."""
        groups: dict[type[Entity], Callable[..., Any]] = {
            Job: self.jobs.create_or_update,
            Data: self.data.create_or_update,
            Model: self.models.create_or_update,
            Environment: self.environments.create_or_update,
            Component: self.components.create_or_update,
            Datastore: self.datastores.create_or_update,
        }
        return _chosen(groups, entity, "begin_create_or_update")(entity, **options)  # type: ignore[no-any-return]

    def begin_create_or_update(self, entity: E, **options: Any) -> LROPoller[E]:
        """Begin to create what takes time: computes, endpoints, deployments, workspaces."""
        groups: dict[type[Entity], Callable[..., Any]] = {
            Compute: self.compute.begin_create_or_update,
            OnlineEndpoint: self.online_endpoints.begin_create_or_update,
            OnlineDeployment: self.online_deployments.begin_create_or_update,
            Workspace: self.workspaces.begin_create,
            Schedule: self.schedules.begin_create_or_update,
        }
        return _chosen(groups, entity, "create_or_update")(entity, **options)  # type: ignore[no-any-return]

    def close(self) -> None:
        self._scope.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"MLClient(workspace_name={self.workspace_name!r}, server_url={self.server_url!r})"


def _chosen(groups: dict[type[Entity], Callable[..., Any]], entity: Entity, other: str) -> Callable[..., Any]:
    for kind, create in groups.items():
        if isinstance(entity, kind):
            return create
    raise InvalidInput(f"A {type(entity).__name__} is not created by this call.", mend=f"try `{other}`")


def _config(path: Path | None, file_name: str | None) -> dict[str, Any]:
    file = _config_file(path, file_name)
    if file is None and (path is not None or file_name is not None):
        raise InvalidInput(f"There is no config file at '{path or file_name}'.", field="path")
    if file is None:
        return {}
    try:
        found = json.loads(file.read_text("utf-8"))
    except ValueError as error:
        raise InvalidInput(f"'{file}' is not JSON: {error}.", file=str(file), mend="correct it") from error
    return found if isinstance(found, dict) else {}


def _config_file(path: Path | None, file_name: str | None) -> Path | None:
    """`path` itself when it is a file, else the nearest one in that folder or above."""
    start = (path or Path.cwd()).absolute()
    if not start.is_dir():
        return start if start.is_file() else None
    places = [Path(file_name)] if file_name else list(_CONFIG_PLACES)
    candidates = (folder / place for folder in (start, *start.parents) for place in places)
    return next((candidate for candidate in candidates if candidate.is_file()), None)
