"""Optional imports that fail when used, with the command that mends it."""

from __future__ import annotations

import importlib
from types import ModuleType

from modelyard.domain.errors import MissingExtra


def require(module: str, *, extra: str, what: str) -> ModuleType:
    """Import `module`, or raise MissingExtra naming the extra that brings it."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name and not module.startswith(error.name.split(".")[0]):
            raise
        raise MissingExtra(what, extra) from error
