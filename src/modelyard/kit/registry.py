"""Finding implementations by scanning a package: one file, one implementation, no list to touch."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from types import ModuleType
from typing import TypeVar

T = TypeVar("T")


def scan(package: ModuleType, base: type[T]) -> list[type[T]]:
    """Every concrete subclass of `base` defined in a module of `package`, ordered by module name."""
    found: list[type[T]] = []
    for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda item: item.name):
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        for _, value in inspect.getmembers(module, inspect.isclass):
            if issubclass(value, base) and not inspect.isabstract(value) and value.__module__ == module.__name__:
                found.append(value)
    return found
