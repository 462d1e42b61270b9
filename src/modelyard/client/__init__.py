"""The SDK's client over HTTP. `MLClient` is imported when it is first used: the CLI often needs the wire alone."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelyard.client.ml_client import MLClient as MLClient


def __getattr__(name: str) -> Any:
    if name != "MLClient":
        raise AttributeError(f"module 'modelyard.client' has no attribute '{name}'")
    return importlib.import_module("modelyard.client.ml_client").MLClient
