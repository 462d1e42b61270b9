"""Lists on the wire: the query parameters of paging, and the shape of a page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Query

from modelyard.domain.errors import InvalidInput
from modelyard.kit.paging import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE, Page, PageOf

T = TypeVar("T")


def _page(
    page_size: Annotated[int, Query(ge=1, le=MAX_PAGE_SIZE)] = DEFAULT_PAGE_SIZE,
    page_token: Annotated[str | None, Query(max_length=8192, description="From the page before.")] = None,
) -> Page:
    return Page(page_size, page_token)


PageQuery = Annotated[Page, Depends(_page)]
TagQuery = Annotated[
    list[str] | None,
    Query(alias="tag", max_length=20, description="`key` or `key=value`; may be repeated: all must hold."),
]
TextQuery = Annotated[str | None, Query(max_length=200, description="Found in the name.")]
ArchivedQuery = Annotated[
    str, Query(alias="archived", pattern="^(true|false|all)$", description="Archived ones alone, or among the others.")
]


def page_body(page: PageOf[T], shown: Callable[[T], dict[str, Any]]) -> dict[str, Any]:
    """`{"value": [...], "next_page_token": ...}`"""
    return {"value": [shown(item) for item in page.items], "next_page_token": page.next_token}


def tag_filter(tags: list[str] | None) -> dict[str, str | None]:
    """`["a", "b=c"]` as `{"a": None, "b": "c"}`."""
    pairs = [tag.partition("=") for tag in tags or []]
    if any(not key for key, _, _ in pairs):
        raise InvalidInput("A tag needs a key.", field="tag", mend="write key or key=value")
    return {key: value if equals else None for key, equals, value in pairs}


def archived_filter(archived: str) -> bool | None:
    """None takes both."""
    return {"true": True, "false": False}.get(archived)
