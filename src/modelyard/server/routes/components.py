"""Components."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelyard.domain.asset import Asset
from modelyard.kinds.components import Component
from modelyard.server.asset_routes import asset_router
from modelyard.server.stored_assets import StoredAssets
from modelyard.services import components
from modelyard.store.records import AssetKind
from modelyard.store.transaction import Transaction


class Components(StoredAssets):
    """Components are checked to any depth before they are kept."""

    def create(self, tx: Transaction, workspace: str, body: Mapping[str, Any]) -> Asset:
        return components.create(tx, workspace, Component.from_dict(body))


router = asset_router(Components(AssetKind.COMPONENT, "components"))
