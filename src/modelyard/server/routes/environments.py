"""Environments."""

from __future__ import annotations

from modelyard.server.asset_routes import asset_router
from modelyard.server.stored_assets import StoredAssets
from modelyard.store.records import AssetKind

router = asset_router(StoredAssets(AssetKind.ENVIRONMENT, "environments"))
