"""Data assets, their first rows and their profile."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query

from modelyard.domain.choices import DataType
from modelyard.domain.data import Data
from modelyard.server.access import Access
from modelyard.server.asset_routes import Reader, asset_router
from modelyard.server.stored_assets import StoredAssets
from modelyard.services import assets, data_preview, files
from modelyard.services.files import Location
from modelyard.store.records import AssetKind

router = asset_router(StoredAssets(AssetKind.DATA, "data"))
VERSION = "/workspaces/{workspace}/data/{name}/versions/{version}"


@router.get(VERSION + "/preview")
def preview_data(
    workspace: str,
    name: str,
    version: str,
    access: Reader,
    rows: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> dict[str, Any]:
    """Its first rows, with the type of each column."""
    location, kind = _located(access, name, version)
    return data_preview.preview(location.store, location.path, kind, rows=rows).to_dict()


@router.get(VERSION + "/profile")
def profile_data(
    workspace: str,
    name: str,
    version: str,
    access: Reader,
    max_rows: Annotated[int | None, Query(ge=1, le=data_preview.MAX_PROFILED_ROWS)] = None,
) -> dict[str, Any]:
    """Counts, ranges, quantiles and frequent values of each column."""
    location, kind = _located(access, name, version)
    return data_preview.profile(location.store, location.path, kind, max_rows=max_rows).to_dict()


def _located(access: Access, name: str, version: str) -> tuple[Location, DataType]:
    with access.read() as tx:
        tx.workspaces.get(access.workspace)
        data = assets.get(tx, access.workspace, AssetKind.DATA, name, version)
        assert isinstance(data, Data)
        location = files.locate(tx, access.state.storage, access.workspace, str(data.path), field="path")
        return location, data.type
