"""What the operation groups of data, models, environments and code have in common."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from modelyard.client.paging import ItemPaged
from modelyard.client.resources.view import ListViewType
from modelyard.client.scope import Scope
from modelyard.client.uploads.local_files import LocalFiles
from modelyard.domain.asset import Asset

A = TypeVar("A", bound=Asset)
_CHANGEABLE = ("description", "tags")


class AssetOperations(Generic[A]):
    """One kind of asset. Subclasses name their entity and their collection."""

    entity: builtins.type[A]
    collection: str
    changeable: tuple[str, ...] = _CHANGEABLE

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._resource = scope.assets(self.collection)

    def create_or_update(self, asset: A, **_: Any) -> A:
        """Create a version (local files are uploaded first), or change what may change on one that came from here."""
        if asset.creation_context is not None and asset.name and asset.version:
            body = asset.to_dict()
            changes = {field: body.get(field) for field in self.changeable if field in body}
            return self._entity(self._resource.change(asset.name, changes, asset.version))
        prepared = LocalFiles(self._scope).uploaded(asset)
        return self._entity(self._resource.post(prepared.to_dict()))

    def get(self, name: str, version: str | None = None, label: str | None = None, **_: Any) -> A:
        """One version, by its version or by a label such as `latest`."""
        return self._entity(self._resource.find(name, _text(version), label))

    def list(
        self, name: str | None = None, *, list_view_type: ListViewType = ListViewType.ACTIVE_ONLY, **_: Any
    ) -> ItemPaged[A]:
        """The versions of one name, or the names."""
        view = ListViewType(list_view_type)
        found = self._resource.names(view) if name is None else self._resource.versions(name, view)
        return found.map(self._entity)

    def archive(self, name: str, version: str | None = None, label: str | None = None, **_: Any) -> None:
        """Hide a version, or the name with all versions, from lists. It can still be used."""
        self._resource.archive(name, _text(version), label)

    def restore(self, name: str, version: str | None = None, label: str | None = None, **_: Any) -> None:
        self._resource.restore(name, _text(version), label)

    def _entity(self, body: Mapping[str, Any]) -> A:
        return self.entity.from_stored(body)


def _text(version: str | int | None) -> str | None:
    return None if version is None else str(version)
