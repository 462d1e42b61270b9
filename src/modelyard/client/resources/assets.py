"""Versioned things: data, models, environments, components, codes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelyard.client.paging import ItemPaged, listed
from modelyard.client.resources.named import Body, NamedResource
from modelyard.client.resources.view import ListViewType
from modelyard.domain.errors import InvalidInput


class AssetResource(NamedResource):
    """One kind of asset in one workspace. A version is named by its number or text, or by a label."""

    def find(self, name: str, version: str | None = None, label: str | None = None) -> Body:
        """One version. With neither a version nor a label InvalidInput, as in Azure ML: nothing is guessed."""
        if version is not None and label is not None:
            raise InvalidInput("Give a version or a label, not both.", field="label", mend="leave one of them out")
        if version is None and label is None:
            raise InvalidInput(
                f"Which version of '{name}'?", field="version", mend="give a version, or the label 'latest'"
            )
        return self._body(self.transport.get(self._place(name, version, label)))

    def names(self, view: ListViewType = ListViewType.ACTIVE_ONLY, **filters: Any) -> ItemPaged[Body]:
        """One row for each name, with its latest version."""
        return self.list(archived=view.archived, **filters)

    def versions(self, name: str, view: ListViewType = ListViewType.ACTIVE_ONLY, **filters: Any) -> ItemPaged[Body]:
        """Every version of one name, newest first."""
        chosen = {**filters, "archived": view.archived}
        return listed(self.transport, self.path(name, "versions"), chosen)

    def change(
        self, name: str, changes: Mapping[str, Any], version: str | None = None, label: str | None = None
    ) -> Body:
        """Change what may change: of one version, or of the name with all its versions."""
        if label is not None:
            version = str(self.find(name, label=label)["version"])
        place = self.path(name) if version is None else self._place(name, version, None)
        return self._body(self.transport.request("PATCH", place, json=changes))

    def archive(self, name: str, version: str | None = None, label: str | None = None) -> None:
        self.change(name, {"archived": True}, version, label)

    def restore(self, name: str, version: str | None = None, label: str | None = None) -> None:
        self.change(name, {"archived": False}, version, label)

    def report(self, name: str, version: str, report: str, **params: Any) -> Body:
        """`preview` or `profile` of a version of data."""
        return self._body(self.transport.get(f"{self._place(name, version, None)}/{report}", params))

    def _place(self, name: str, version: str | None, label: str | None) -> str:
        return self.path(name, "labels", label) if label is not None else self.path(name, "versions", str(version))
