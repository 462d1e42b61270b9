"""Where a written value stands, and the paths that are relative to it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

_SCHEME = re.compile(r"^([a-zA-Z][a-zA-Z0-9+.-]+:|\$\{\{)")


class SourceMapping(dict[str, Any]):
    """A mapping that remembers the file it was written in, so that its relative paths can be resolved."""

    def __init__(self, values: dict[str, Any], folder: Path) -> None:
        super().__init__(values)
        self.folder = folder


def is_local_path(text: str) -> bool:
    """True for a path on this machine; False for URIs, asset references and expressions."""
    return text.startswith("file:") or not _SCHEME.match(text)


def resolve_path(text: str, folder: Path) -> str:
    """An absolute path for a local one (`file:` removed); anything else unchanged."""
    if not is_local_path(text):
        return text
    bare = text.removeprefix("file://").removeprefix("file:")
    return str((folder / Path(bare).expanduser()).resolve())
