"""One call from a YAML file to an entity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any

import yaml

from modelyard.domain.entity import Entity
from modelyard.domain.sources import SourceMapping
from modelyard.kinds.catalogue import entity_class


def load(
    kind: str,
    source: str | Path | IO[str],
    overrides: Iterable[str | Mapping[str, Any]] = (),
    *,
    origin: str | Path | None = None,
) -> Entity:
    """The entity in `source`, a path or an open file; InvalidInput holds every problem with file and line.

    `overrides` are `a.b.c=value` texts or mappings of such paths. Relative paths stand against the
    file's folder; for a file without a name, against `origin` or the working directory.
    """
    path = Path(source) if isinstance(source, str | Path) else None
    text = path.read_text() if path else source.read()  # type: ignore[union-attr]
    folder = path.parent.resolve() if path else Path(origin or ".").resolve()
    values = _sourced(yaml.safe_load(text), folder)
    return entity_class(kind, values).from_dict(values)


def _sourced(value: Any, folder: Path) -> Any:
    if isinstance(value, dict):
        return SourceMapping({key: _sourced(item, folder) for key, item in value.items()}, folder)
    return [_sourced(item, folder) for item in value] if isinstance(value, list) else value
