"""Subscriptions: events that are told to somebody outside, or start a job."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import Field, Tag

from modelyard.domain.entity import Entity, Part, Text, problem, read_only
from modelyard.domain.unions import by_type
from modelyard.kinds.schedule import JobInPlace


class EventFilter(Part):
    """Which events; all that is given must hold."""

    types: list[str] = Field(default_factory=list)
    """Types with `*`: `modelyard.model.*`. All when left out."""
    subjects: list[str] = Field(default_factory=list)
    """Subjects with `*`: `data/rows*`."""
    data: dict[str, Text] = Field(default_factory=dict)
    """Values that the event's data must have, such as `to: Completed`."""

    def takes(self, type: str, subject: str, data: Mapping[str, Any]) -> bool:
        """Whether an event passes."""
        if self.types and not any(fnmatch.fnmatchcase(type, pattern) for pattern in self.types):
            return False
        if self.subjects and not any(fnmatch.fnmatchcase(subject, pattern) for pattern in self.subjects):
            return False
        return all(str(data.get(name)) == wanted for name, wanted in self.data.items())


class WebhookTarget(Part):
    """POST each event, as CloudEvents 1.0 JSON, signed when there is a secret."""

    positional: ClassVar[tuple[str, ...]] = ("url",)

    type: Literal["webhook"] = "webhook"
    url: str
    headers: dict[str, Text] = Field(default_factory=dict)
    secret: str | None = None
    """Signs each delivery. Written, never shown."""

    def problems(self) -> Iterable[dict[str, str]]:
        yield from _url_problems(self.url)


class SlackTarget(Part):
    """POST a line of text as Slack's incoming webhooks, and many others, take it."""

    positional: ClassVar[tuple[str, ...]] = ("url",)

    type: Literal["slack"] = "slack"
    url: str

    def problems(self) -> Iterable[dict[str, str]]:
        yield from _url_problems(self.url)


class EmailTarget(Part):
    """A mail for each event, by SMTP."""

    type: Literal["email"] = "email"
    host: str
    port: int = Field(default=587, ge=1, le=65535)
    to: list[str] = Field(min_length=1)
    sender: str
    user: str | None = None
    secret: str | None = None
    """The password. Written, never shown."""
    tls: bool = True
    """STARTTLS before anything else is said."""


class JobTarget(Part):
    """Submit a job for each event; `${{event.subject}}`, `${{event.data.<name>}}`, ... stand in its inputs and tags."""

    type: Literal["job"] = "job"
    create_job: JobInPlace


Target = Annotated[
    Annotated[WebhookTarget, Tag("<webhook>")]
    | Annotated[SlackTarget, Tag("<slack>")]
    | Annotated[EmailTarget, Tag("<email>")]
    | Annotated[JobTarget, Tag("<job>")],
    by_type(default="webhook"),
]


class Subscription(Entity):
    """Events of a workspace, delivered in order per subject, at least once."""

    filter: EventFilter = Field(default_factory=EventFilter)
    target: Target
    max_attempts: int = Field(default=10, ge=1, le=100)
    """Of one event, with growing pauses; then it is set aside with its reason and the next one goes."""
    is_enabled: bool | None = read_only()
    cursor: int | None = read_only()
    """The id of the last event that was looked at."""
    waiting: int | None = read_only()
    dead: int | None = read_only()
    created_at: datetime | None = read_only()


def _url_problems(url: str) -> Iterable[dict[str, str]]:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        yield problem("url", f"'{url[:60]}' is not an address", "write https://host/path")
    elif parts.username or parts.password:
        yield problem("url", "an address with a password would be shown in lists", "send it as a header or secret")
