"""What a scoring protocol is, and how one is found for a request. Each protocol is one file in `protocols/`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import orjson

from modelyard.domain.errors import InvalidInput
from modelyard.kit.http_message import JSON, Request
from modelyard.kit.registry import scan
from modelyard.scorer import protocols
from modelyard.scorer.features import Features
from modelyard.scorer.signature import Signature

_UNREAD = object()


class Body:
    """A request's body; JSON is parsed when a protocol first asks for it."""

    def __init__(self, request: Request) -> None:
        self.path = request.path.decode("ascii", "replace")
        self.content_type = (request.header(b"content-type") or JSON).partition(b";")[0].strip().lower()
        self.raw = request.body
        self._json: Any = _UNREAD

    @property
    def json(self) -> Any:
        if self._json is _UNREAD:
            try:
                self._json = orjson.loads(self.raw)
            except orjson.JSONDecodeError as error:
                # The parser's words name line and column; the value itself is not repeated.
                raise InvalidInput(
                    f"The body is not JSON: {error}.", mend="send JSON; a missing number is null, not NaN"
                ) from error
        return self._json

    @property
    def is_json(self) -> bool:
        return self.content_type != b"text/csv"

    def keys(self) -> frozenset[str]:
        """The keys of a JSON object, else nothing."""
        return frozenset(self.json) if self.is_json and isinstance(self.json, dict) else frozenset()


@dataclass(slots=True)
class Call:
    """One decoded request; `notes` is whatever its protocol needs to write the answer."""

    features: Features
    params: Mapping[str, Any] | None = None
    notes: dict[str, Any] = field(default_factory=dict)


class ScoringProtocol(ABC):
    """Reads one form of request and writes its form of answer. Stateless: one instance serves all requests."""

    name: ClassVar[str]
    form: ClassVar[str]
    """The form in one line, for the error that lists what is taken."""

    @abstractmethod
    def claims(self, body: Body) -> bool:
        """Whether this protocol reads this body. At most one protocol claims a request."""

    @abstractmethod
    def request(self, names: list[str], rows: list[list[Any]]) -> tuple[str, str, bytes]:
        """Path, content type and body of a request for a table, as a client of this protocol writes it."""

    @abstractmethod
    def decode(self, body: Body, signature: Signature | None) -> Call:
        """The model's inputs, or InvalidInput naming the field."""

    @abstractmethod
    def encode(self, predictions: Any, call: Call) -> bytes:
        """The body of the answer, JSON."""


def known_protocols() -> tuple[ScoringProtocol, ...]:
    """One of each protocol in `protocols/`."""
    return tuple(found() for found in scan(protocols, ScoringProtocol))  # type: ignore[type-abstract]


def protocol_for(body: Body, known: tuple[ScoringProtocol, ...]) -> ScoringProtocol:
    """The protocol that reads this body; InvalidInput lists the forms when none does."""
    for protocol in known:
        if protocol.claims(body):
            return protocol
    raise InvalidInput(
        "The request is in no form that this endpoint reads.",
        mend="send one of: " + "; ".join(protocol.form for protocol in known),
    )
