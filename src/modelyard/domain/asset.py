"""What data, models, environments and code have in common: a name and an immutable version."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import ClassVar

from modelyard.domain.entity import Entity, Part, Text, problem, read_only

_VERSION = re.compile(r"[a-zA-Z0-9._+-]{1,255}")


class Asset(Entity):
    """A named, versioned thing. The pair name and version never changes what it means."""

    local_paths: ClassVar[tuple[str, ...]] = ("path",)

    version: Text | None = None
    """The version; left out, the next number is taken."""
    label: str | None = read_only()
    archived: bool | None = read_only()
    latest_version: str | None = read_only()
    labels: dict[str, str] | None = read_only()
    """Labels of the name and the versions they point at (on the row of a name)."""
    content_hash: str | None = read_only()
    size_bytes: int | None = read_only()
    job_name: str | None = read_only()
    """The job that produced it."""

    def problems(self) -> Iterable[dict[str, str]]:
        yield from super().problems()
        if self.version is not None and not _VERSION.fullmatch(self.version):
            yield problem(
                "version", f"'{self.version[:60]}' is not a version", "use letters, digits, '.', '_', '+', '-'"
            )


class IntellectualProperty(Part):
    """Accepted as Azure ML's registries write it."""

    publisher: str | None = None
    protection_level: str | None = None
