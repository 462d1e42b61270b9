"""Data, environments, components and code as collections of the REST edge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelyard.domain.asset import Asset
from modelyard.domain.errors import InvalidInput
from modelyard.kit.paging import Page, PageOf
from modelyard.server.asset_routes import AssetCollection
from modelyard.services import assets
from modelyard.store.records import AssetKind
from modelyard.store.repositories.assets import AssetFilter
from modelyard.store.transaction import Transaction


class StoredAssets(AssetCollection):
    """Assets of one kind of the asset tables."""

    def __init__(self, kind: AssetKind, plural: str) -> None:
        self.kind = kind
        self.noun = kind.value
        self.plural = plural

    def create(self, tx: Transaction, workspace: str, body: Mapping[str, Any]) -> Asset:
        return assets.create(tx, workspace, self.kind, assets.entity_class(self.kind).from_dict(body))

    def names(self, tx: Transaction, workspace: str, page: Page, filter: AssetFilter) -> PageOf[Asset]:
        return assets.list_page(tx, workspace, self.kind, page, filter)

    def versions(self, tx: Transaction, workspace: str, name: str, page: Page, filter: AssetFilter) -> PageOf[Asset]:
        return assets.list_versions(tx, workspace, self.kind, name, page, filter)

    def name(self, tx: Transaction, workspace: str, name: str) -> Asset:
        return assets.get_name(tx, workspace, self.kind, name)

    def version(self, tx: Transaction, workspace: str, name: str, version: str) -> Asset:
        return assets.get(tx, workspace, self.kind, name, version)

    def labelled(self, tx: Transaction, workspace: str, name: str, label: str) -> Asset:
        return assets.by_label(tx, workspace, self.kind, name, label)

    def edit(
        self, tx: Transaction, workspace: str, name: str, version: str | None, changes: Mapping[str, Any]
    ) -> Asset:
        if "stage" in changes:
            raise InvalidInput(f"A {self.noun} asset has no stage; models have.", field="stage")
        return assets.edit(tx, workspace, self.kind, name, version, **changes)

    def set_label(self, tx: Transaction, workspace: str, name: str, label: str, version: str) -> Asset:
        return assets.set_label(tx, workspace, self.kind, name, label, version)

    def remove_label(self, tx: Transaction, workspace: str, name: str, label: str) -> None:
        assets.remove_label(tx, workspace, self.kind, name, label)
