"""Local paths of an entity that are not there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from modelyard.domain.entity import Part
from modelyard.domain.sources import is_local_path
from modelyard.yamlio.positions import joined


def missing_paths(part: Part) -> list[dict[str, Any]]:
    """A problem for each absolute local path in `part` that does not exist."""
    return [
        {"field": field, "message": f"there is no file or folder '{path}'"}
        for field, path in _local_paths(part, "")
        if Path(path).is_absolute() and not Path(path).exists()
    ]


def _local_paths(value: Any, at: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Part):
        for name in type(value).model_fields:
            item = getattr(value, name)
            if name in type(value).local_paths and isinstance(item, str) and is_local_path(item):
                yield joined(at, name), item
            else:
                yield from _local_paths(item, joined(at, name))
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _local_paths(item, joined(at, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _local_paths(item, joined(at, index))
