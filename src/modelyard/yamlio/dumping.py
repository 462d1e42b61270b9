"""Entities as YAML."""

from __future__ import annotations

import yaml

from modelyard.domain.entity import Entity


def dump(entity: Entity) -> str:
    """YAML that `load` reads back as an equal entity; read-only fields are kept for the reader's eye."""
    values = {key: value for key, value in entity.to_dict().items() if value not in ({}, [])}
    return yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=120)
