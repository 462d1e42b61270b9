"""Curated environments among those of a workspace: they are listed after its own, and shown like them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from modelyard.domain.asset import Asset
from modelyard.domain.curated import REQUIREMENTS, curated
from modelyard.domain.environment import Environment
from modelyard.domain.references import AssetRef
from modelyard.kit.paging import MalformedToken, Page, PageOf, decode_token, encode_token
from modelyard.store.records import AssetKind
from modelyard.store.repositories.assets import AssetFilter

PREFIX = "AzureML-"
VERSION = "1"
_MARK = "curated"


def known(kind: AssetKind, name: str, version: str = VERSION) -> Environment | None:
    """The environment of a curated name; None for a name of the workspace's own. NotFound when it has no equivalent."""
    return curated(AssetRef(name, version, kind="environment")) if kind is AssetKind.ENVIRONMENT else None


def row(environment: Environment) -> Environment:
    """The row of its name, as a list has it."""
    return Environment.from_stored(
        {**environment.to_dict(), "version": None, "latest_version": VERSION, "labels": {"latest": VERSION}}
    )


def listed(page: Page, filter: AssetFilter | None, own: Callable[[Page], PageOf[Asset]]) -> PageOf[Asset]:
    """The workspace's own environments, page by page, and then the curated ones that pass the filter."""
    start = _place(page.token)
    if start is None:
        found = own(page)
        if found.next_token is not None or not any(_passing(filter or AssetFilter())):
            return found
        return PageOf(found.items, encode_token([_MARK, 0]))
    rows = list(_passing(filter or AssetFilter()))
    end = start + page.size
    return PageOf(rows[start:end], encode_token([_MARK, end]) if end < len(rows) else None)


def _place(token: str | None) -> int | None:
    """Where in the curated ones a page begins; None for a page of the workspace's own."""
    try:
        mark, start = decode_token(token or "", 2)
    except MalformedToken:
        return None
    return start if mark == _MARK and isinstance(start, int) and start >= 0 else None


def _passing(filter: AssetFilter) -> Iterator[Environment]:
    if filter.archived or filter.created_by or filter.created_after or filter.created_before:
        return
    for beginning in sorted(REQUIREMENTS):
        name = f"{PREFIX}{beginning}"
        if filter.text and filter.text.lower() not in name.lower():
            continue
        found = known(AssetKind.ENVIRONMENT, name)
        if found is not None and all(
            key in found.tags and value in (None, found.tags[key]) for key, value in (filter.tags or {}).items()
        ):
            yield row(found)
