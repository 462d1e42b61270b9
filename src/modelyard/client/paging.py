"""Lists that ask for their next page only when the reader gets there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Generic, TypeVar

from modelyard.client.transport import Transport

T = TypeVar("T")
U = TypeVar("U")
DEFAULT_PAGE_SIZE = 100
Pages = Callable[[], Iterator[list[T]]]


class ItemPaged(Generic[T], Iterator[T]):
    """An iterator over every item of a list, as `azure.core.paging.ItemPaged`. The first `next` makes the first
    request."""

    def __init__(self, pages: Pages[T]) -> None:
        self._pages = pages
        self._items: Iterator[T] | None = None

    def by_page(self) -> Iterator[list[T]]:
        """The pages, one request each."""
        return self._pages()

    def map(self, function: Callable[[T], U]) -> ItemPaged[U]:
        """The same list with every item converted; nothing is asked for yet."""
        return ItemPaged(lambda: ([function(item) for item in page] for page in self._pages()))

    def filter(self, keep: Callable[[T], bool]) -> ItemPaged[T]:
        """The items that pass, still page by page."""
        return ItemPaged(lambda: ([item for item in page if keep(item)] for page in self._pages()))

    def first(self, count: int | None) -> ItemPaged[T]:
        """At most `count` items, all for None; a page that is not needed is not asked for."""
        if count is None:
            return self
        return ItemPaged(lambda: self._bounded(count))

    def _bounded(self, count: int) -> Iterator[list[T]]:
        left = count
        for page in self._pages() if left > 0 else ():
            yield page[:left]
            left -= len(page)
            if left <= 0:
                return

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        if self._items is None:
            self._items = (item for page in self._pages() for item in page)
        return next(self._items)


def listed(
    transport: Transport, path: str, params: Mapping[str, Any] | None = None, page_size: int = DEFAULT_PAGE_SIZE
) -> ItemPaged[dict[str, Any]]:
    """The items of the list at `path`, as the wire has them."""

    def pages() -> Iterator[list[dict[str, Any]]]:
        token: str | None = None
        while True:
            body = transport.get(path, {"page_size": page_size, **(params or {}), "page_token": token})
            yield body["value"]
            token = body.get("next_page_token")
            if not token:
                return

    return ItemPaged(pages)
