"""Between entities and rows: what of an entity is kept as its spec, and what the row knows besides."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

from modelyard.domain.entity import CreationContext, Entity

# Columns of their own; the rest of an entity is its spec.
COLUMNS = frozenset({"name", "version", "description", "tags", "properties"})


class Audited(Protocol):
    @property
    def created_at(self) -> datetime: ...
    @property
    def modified_at(self) -> datetime: ...
    @property
    def created_by(self) -> str: ...


def spec_of(entity: Entity) -> dict[str, Any]:
    """The part of an entity that has no column of its own, without what the platform fills in."""
    dropped = COLUMNS | type(entity).read_only_fields()
    return {key: value for key, value in entity.to_dict().items() if key not in dropped}


def creation_context(record: Audited) -> dict[str, Any]:
    context = CreationContext(
        created_at=record.created_at,
        created_by=record.created_by,
        created_by_type="User",
        last_modified_at=record.modified_at,
        last_modified_by=record.created_by,
        last_modified_by_type="User",
    )
    return context.to_dict()
