"""Models as assets; MLflow clients see the same rows through the MLflow protocol."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelyard.domain.asset import Asset
from modelyard.domain.model import Model
from modelyard.kit.paging import Page, PageOf
from modelyard.server.asset_routes import AssetCollection, asset_router
from modelyard.services import models
from modelyard.store.repositories.assets import AssetFilter
from modelyard.store.transaction import Transaction


class Models(AssetCollection):
    noun = "model"
    plural = "models"

    def create(self, tx: Transaction, workspace: str, body: Mapping[str, Any]) -> Asset:
        return models.create(tx, workspace, Model.from_dict(body))

    def names(self, tx: Transaction, workspace: str, page: Page, filter: AssetFilter) -> PageOf[Asset]:
        return models.list_page(tx, workspace, page, filter).map(_as_asset)

    def versions(self, tx: Transaction, workspace: str, name: str, page: Page, filter: AssetFilter) -> PageOf[Asset]:
        return models.list_versions(tx, workspace, name, page, filter).map(_as_asset)

    def name(self, tx: Transaction, workspace: str, name: str) -> Asset:
        return models.get_name(tx, workspace, name)

    def version(self, tx: Transaction, workspace: str, name: str, version: str) -> Asset:
        return models.get(tx, workspace, name, version)

    def labelled(self, tx: Transaction, workspace: str, name: str, label: str) -> Asset:
        return models.by_label(tx, workspace, name, label)

    def edit(
        self, tx: Transaction, workspace: str, name: str, version: str | None, changes: Mapping[str, Any]
    ) -> Asset:
        return models.edit(tx, workspace, name, version, **changes)

    def set_label(self, tx: Transaction, workspace: str, name: str, label: str, version: str) -> Asset:
        return models.set_label(tx, workspace, name, label, version)

    def remove_label(self, tx: Transaction, workspace: str, name: str, label: str) -> None:
        models.remove_label(tx, workspace, name, label)


def _as_asset(model: Model) -> Asset:
    return model


router = asset_router(Models())
