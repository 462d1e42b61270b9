"""Modules of our own that are heavy to import and seldom needed: loaded at the first use of one of their names."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any


class _Deferred(ModuleType):
    def __getattr__(self, name: str) -> Any:
        return getattr(importlib.import_module(self.__name__), name)


def deferred(name: str) -> ModuleType:
    """A stand-in for the module `name`, which is imported when an attribute is read.

    Write `if TYPE_CHECKING: from package import module` beside it, so that types and layers are checked.
    """
    return _Deferred(name)
