"""Lists that ask for their next page only when the reader gets there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Generic, TypeVar

from modelyard.client.transport import Transport

T = TypeVar("T")
DEFAULT_PAGE_SIZE = 100


class ItemPaged(Generic[T], Iterator[T]):
    """An iterator over every item of a list, as `azure.core.paging.ItemPaged`. The first request is made by the
    first `next`."""

    def __init__(
        self,
        transport: Transport,
        path: str,
        convert: Callable[[dict[str, Any]], T],
        params: Mapping[str, Any] | None = None,
        page_size: int = DEFAULT_PAGE_SIZE,
    ) -> None:
        self._transport = transport
        self._path = path
        self._convert = convert
        self._params = {**(params or {}), "page_size": page_size}
        self._items: Iterator[T] | None = None

    def by_page(self) -> Iterator[list[T]]:
        """The pages, one request each."""
        token: str | None = None
        while True:
            body = self._transport.get(self._path, {**self._params, "page_token": token})
            yield [self._convert(item) for item in body["value"]]
            token = body.get("next_page_token")
            if not token:
                return

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        if self._items is None:
            self._items = (item for page in self.by_page() for item in page)
        return next(self._items)
