"""Curated environments are listed after a workspace's own, flagged, and shown like them."""

from __future__ import annotations

import pytest

from modelyard.domain.curated import REQUIREMENTS
from modelyard.domain.environment import Environment
from modelyard.domain.errors import NotFound
from modelyard.kit.paging import Page
from modelyard.services import assets
from modelyard.services.workspaces import ensure_default
from modelyard.store.database import Database
from modelyard.store.records import AssetKind
from modelyard.store.repositories.assets import AssetFilter
from modelyard.store.transaction import Transaction

KIND = AssetKind.ENVIRONMENT


@pytest.fixture
def stored(database: Database) -> Database:
    with database.transaction(actor="ada") as tx:
        ensure_default(tx)
        for number in range(3):
            assets.create(tx, "default", KIND, Environment(name=f"own-{number}", image="i"))
    return database


def names(tx: Transaction, size: int, filter: AssetFilter | None = None) -> list[list[str]]:
    """The names on each page."""
    pages, token = [], None
    while True:
        found = assets.list_page(tx, "default", KIND, Page(size, token), filter)
        assert len(found.items) <= size
        pages.append([str(item.name) for item in found.items])
        token = found.next_token
        if token is None:
            return pages


@pytest.mark.parametrize("size", [2, 3, 7, 1000])
def test_every_one_is_listed_once_after_the_workspaces_own(stored: Database, size: int) -> None:
    with stored.snapshot() as tx:
        listed = [name for page in names(tx, size) for name in page]
    assert listed[:3] == ["own-2", "own-1", "own-0"]
    assert listed[3:] == [f"AzureML-{beginning}" for beginning in sorted(REQUIREMENTS)]


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        (AssetFilter(text="own"), ["own-2", "own-1", "own-0"]),
        (AssetFilter(text="SKLEARN"), ["AzureML-sklearn"]),
        (AssetFilter(tags={"curated": "true"}, text="xgb"), ["AzureML-xgboost"]),
        (AssetFilter(tags={"curated": "false"}), []),
        (AssetFilter(archived=True), []),
        (AssetFilter(created_by="ada"), ["own-2", "own-1", "own-0"]),
    ],
)
def test_filters_hold_for_them(stored: Database, filter: AssetFilter, expected: list[str]) -> None:
    with stored.snapshot() as tx:
        assert [name for page in names(tx, 50, filter) for name in page] == expected


def test_one_is_shown_like_any_other(stored: Database) -> None:
    with stored.snapshot() as tx:
        row = assets.get_name(tx, "default", KIND, "AzureML-sklearn")
        assert (row.latest_version, row.tags["curated"], row.labels) == ("1", "true", {"latest": "1"})
        shown = assets.get(tx, "default", KIND, "AzureML-sklearn", "1")
        assert isinstance(shown, Environment)
        assert "scikit-learn>=1.5" in str(shown.conda_file)
        assert assets.by_label(tx, "default", KIND, "AzureML-sklearn", "latest") == shown
        assert list(assets.list_versions(tx, "default", KIND, "AzureML-sklearn", Page())) == [shown]
        with pytest.raises(NotFound, match="no local equivalent"):
            assets.get(tx, "default", KIND, "AzureML-unheard-of", "1")


def test_other_kinds_have_none(stored: Database) -> None:
    with stored.snapshot() as tx:
        assert list(assets.list_page(tx, "default", AssetKind.DATA, Page())) == []
