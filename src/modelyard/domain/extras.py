"""Optional imports that fail when used, with the command that mends it."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

from modelyard.domain.errors import MissingExtra


def require(module: str, *, extra: str, what: str) -> ModuleType:
    """Import `module`, or raise MissingExtra naming the extra that brings it."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name and not module.startswith(error.name.split(".")[0]):
            raise
        raise MissingExtra(what, extra) from error


class LazyModule:
    """A module that is imported when something of it is used: who only declares its use does not pay for it."""

    def __init__(self, module: str, *, extra: str, what: str) -> None:
        self._module = module
        self._extra = extra
        self._what = what

    def __getattr__(self, name: str) -> Any:
        value = getattr(require(self._module, extra=self._extra, what=self._what), name)
        setattr(self, name, value)
        return value
