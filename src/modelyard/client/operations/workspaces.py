"""`ml_client.workspaces`"""

from __future__ import annotations

from typing import Any

from modelyard.client.paging import ItemPaged
from modelyard.client.poller import LROPoller
from modelyard.client.scope import Scope
from modelyard.domain.workspace import Workspace


class WorkspaceOperations:
    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._resource = scope.workspaces

    def begin_create(self, workspace: Workspace, **_: Any) -> LROPoller[Workspace]:
        """Create it; done when the call returns. Azure's resources named in it are kept as labels."""
        return LROPoller.finished(Workspace.from_stored(self._resource.post(workspace.to_dict())))

    def begin_update(self, workspace: Workspace, **_: Any) -> LROPoller[Workspace]:
        body = workspace.to_dict()
        fields = ("description", "tags", "display_name")
        changes = {field: body[field] for field in fields if field in body}
        return LROPoller.finished(Workspace.from_stored(self._resource.patch(str(workspace.name), changes)))

    def begin_delete(
        self, name: str, *, delete_dependent_resources: bool = False, permanently_delete: bool = False, **_: Any
    ) -> LROPoller[None]:
        self._resource.delete(name)
        return LROPoller.finished(None)

    def get(self, name: str | None = None, **_: Any) -> Workspace:
        """The named workspace, or the client's own."""
        return Workspace.from_stored(self._resource.get(name or self._scope.workspace))

    def list(self, *, scope: str = "resource_group", **_: Any) -> ItemPaged[Workspace]:
        return self._resource.list().map(Workspace.from_stored)
