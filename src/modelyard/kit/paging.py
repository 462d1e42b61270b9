"""Pages of a list: a size, an opaque token, and the items that came of it."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

T = TypeVar("T")
U = TypeVar("U")

DEFAULT_PAGE_SIZE = 50
MAX_PAGE_SIZE = 1000


class MalformedToken(ValueError):
    """A page token that this platform did not make."""


@dataclass(frozen=True, slots=True)
class Page:
    """What a reader asks for: at most `size` items after the place that `token` marks."""

    size: int = DEFAULT_PAGE_SIZE
    token: str | None = None


@dataclass(frozen=True, slots=True)
class PageOf(Generic[T]):
    """Items of one page, and the token of the next one or None at the end."""

    items: Sequence[T] = field(default_factory=list)
    next_token: str | None = None

    def map(self, function: Callable[[T], U]) -> PageOf[U]:
        return PageOf([function(item) for item in self.items], self.next_token)

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)


def encode_token(place: Sequence[Any]) -> str:
    """A URL-safe token of the sort keys of the last item seen. It is no secret and grants nothing."""
    return base64.urlsafe_b64encode(json.dumps(list(place)).encode()).decode().rstrip("=")


def decode_token(token: str, length: int) -> list[Any]:
    """The sort keys in `token`; raises MalformedToken unless there are `length` plain values."""
    try:
        place = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise MalformedToken("the page token is not one of ours") from error
    if not isinstance(place, list) or len(place) != length:
        raise MalformedToken("the page token belongs to another list")
    if not all(value is None or isinstance(value, str | int | float) for value in place):
        raise MalformedToken("the page token is not one of ours")
    return place
