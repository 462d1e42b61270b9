"""`ml_client.compute`"""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from modelyard.client.operations.provisioning import until_gone, until_provisioned
from modelyard.client.paging import ItemPaged, listed
from modelyard.client.poller import LROPoller
from modelyard.client.resources.paths import in_workspace
from modelyard.client.scope import Scope
from modelyard.domain.compute import Compute


class ComputeOperations:
    def __init__(self, scope: Scope) -> None:
        self._resource = scope.named("computes")
        self._scope = scope

    def begin_create_or_update(self, compute: Compute, **_: Any) -> LROPoller[Compute]:
        name = str(compute.name)
        first = self._resource.put(name, compute.to_dict())
        return until_provisioned("compute", first, lambda: self._resource.get(name), Compute.from_stored)

    begin_update = begin_create_or_update
    begin_attach = begin_create_or_update

    def begin_delete(self, name: str, *, action: str = "Delete") -> LROPoller[None]:
        """Remove it; `Detach` means the same here, where nothing but the entry is ours."""
        self._resource.delete(name)
        return until_gone("compute", lambda: self._resource.get(name))

    def get(self, name: str) -> Compute:
        return Compute.from_stored(self._resource.get(name))

    def list(self, *, compute_type: str | None = None) -> ItemPaged[Compute]:
        found = self._resource.list().map(Compute.from_stored)
        return found if compute_type is None else found.filter(lambda item: item.type == compute_type)

    def list_nodes(self, name: str) -> ItemPaged[SimpleNamespace]:
        """Its nodes: node_id, state, current_job_name, resources."""
        return listed(self._scope.transport, self._resource.path(name, "nodes")).map(_record)

    def list_sizes(self, *, location: str | None = None, compute_type: str | None = None) -> ItemPaged[SimpleNamespace]:
        """The sizes that jobs may ask for: name, v_cp_us, memory_gb, gpus. Location and type change nothing here."""
        return listed(self._scope.transport, in_workspace(self._scope.workspace, "compute-sizes")).map(_record)

    def list_usage(self, *, location: str | None = None) -> ItemPaged[SimpleNamespace]:
        """What is in use of what there is: name, current_value, limit, unit."""
        return listed(self._scope.transport, in_workspace(self._scope.workspace, "compute-usage")).map(_record)


def _record(body: Mapping[str, Any]) -> SimpleNamespace:
    return SimpleNamespace(**body)
