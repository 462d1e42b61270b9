"""Code: an uploaded snapshot of a folder."""

from __future__ import annotations

from modelyard.domain.asset import Asset


class Code(Asset):
    """A version of a code folder, named by its content hash when anonymous."""

    path: str | None = None
    """The folder or file."""
    datastore: str | None = None
