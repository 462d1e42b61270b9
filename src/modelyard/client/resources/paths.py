"""Addresses below the API's prefix, with every part quoted."""

from __future__ import annotations

from urllib.parse import quote

from modelyard.client.transport import API
from modelyard.domain.errors import InvalidInput


def joined(*parts: str) -> str:
    """`/api/v1/a/b`: each part is one segment, whatever characters it holds."""
    for part in parts:
        if part in ("", ".", ".."):
            raise InvalidInput(f"'{part}' is not a name.", field="name", mend="give the name of what you mean")
    return "/".join((API, *(quote(part, safe=":") for part in parts)))


def in_workspace(workspace: str, *parts: str) -> str:
    return joined("workspaces", workspace, *parts)


def quoted_path(path: str) -> str:
    """A file's path, whose slashes stay."""
    return quote(path.lstrip("/"), safe="/")
