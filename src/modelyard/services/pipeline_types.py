"""Which type of port takes what."""

from __future__ import annotations

from typing import Any

from modelyard.artifacts.storage import BLOB_DATASTORE
from modelyard.domain.choices import InputType

_FOLDERS = frozenset({"uri_folder", "mltable", "custom_model", "mlflow_model", "triton_model"})
_STAND_INS: dict[str, Any] = {"string": "text", "integer": 0, "number": 0.0, "boolean": False}


def flows(source: str, target: str) -> bool:
    """Whether what is of type `source` may go into a port of type `target`.

    A folder port takes whatever is a folder; a custom model may be any file or folder; a number takes an integer; a
    text takes every literal.
    """
    if source == target:
        return True
    if InputType(source).literal != InputType(target).literal:
        # Nothing else is known of a value that is written in place than its text.
        return False
    if InputType(source).literal:
        return target == "string" or (source, target) == ("integer", "number") or source == "string"
    if target == "custom_model":
        return True
    return target == "uri_folder" and source in _FOLDERS


def stand_in(kind: str) -> Any:
    """Something of a type, for the checks before the real thing is there."""
    if InputType(kind).literal:
        return _STAND_INS[kind]
    return {"type": kind, "path": f"azureml://datastores/{BLOB_DATASTORE}/paths/modelyard-pending"}
