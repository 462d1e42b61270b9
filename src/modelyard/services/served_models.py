"""Which files a deployment's model is: a registered version by reference, or an inline model with its own files."""

from __future__ import annotations

from typing import Any

from modelyard.domain.errors import InvalidInput
from modelyard.domain.model import Model
from modelyard.store.transaction import Transaction


def resolve(tx: Transaction, workspace: str, model: str | Model, *, field: str = "model") -> dict[str, Any]:
    """`{"name", "version", "type", "uri"}` of what is to be served; NotFound names what there is."""
    if isinstance(model, Model):
        return _inline(model, field)
    raise InvalidInput(f"'{model}' cannot be resolved yet.", field=field)


def _inline(model: Model, field: str) -> dict[str, Any]:
    if not model.path:
        raise InvalidInput("An inline model needs the path of its files.", field=f"{field}.path")
    return {"name": model.name or "model", "version": model.version, "type": model.type.value, "uri": model.path}
