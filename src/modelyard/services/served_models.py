"""Which files a deployment's model is: a registered version by reference, or an inline model with its own files."""

from __future__ import annotations

from typing import Any

from modelyard.domain.errors import InvalidInput
from modelyard.domain.model import Model
from modelyard.services import models
from modelyard.store.transaction import Transaction


def resolve(tx: Transaction, workspace: str, model: str | Model, *, field: str = "model") -> dict[str, Any]:
    """`{"name", "version", "type", "uri"}` of what is to be served; NotFound names what there is."""
    if isinstance(model, str):
        found = models.resolve(tx, workspace, model, field=field)
        return {"name": found.name, "version": found.version, "type": found.type.value, "uri": found.path}
    if not model.path:
        raise InvalidInput("An inline model needs the path of its files.", field=f"{field}.path")
    return {"name": model.name or "model", "version": model.version, "type": model.type.value, "uri": model.path}
