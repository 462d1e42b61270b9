"""The modules that a saved model needs, copied beside it under a name of their own.

A model then answers wherever its requirements are installed, whichever release of Modelyard is there, or none: the
code that made its predictions is the code that makes them again. The package's name ends in a hash of its content, so
that models of two releases live in one process.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

_OURS = __name__.partition(".")[0]
_NAME = re.compile(rf"(?<![\w.]){_OURS}(?=\.[a-z_])")
_LAZY_CALLS = frozenset({"LazyModule", "require"})
_OUR_LAZY_CALLS = frozenset({"deferred"})


@dataclass(frozen=True)
class ShippedCode:
    package: str
    files: dict[str, str]
    """By path below the folder of code: `modelyard_model_1a2b3c4d/automl/task.py`."""
    libraries: frozenset[str]
    """Top-level names of what the modules import from elsewhere, the standard library too."""

    def write(self, folder: Path) -> None:
        for name, text in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")

    def renamed(self, module: str) -> str:
        """The name under which a module of ours is shipped."""
        return self.package + module.removeprefix(_OURS)


@lru_cache(maxsize=32)
def shipped_code(entries: tuple[str, ...]) -> ShippedCode:
    """The modules `entries` and all of ours that they import when they are loaded, straight or lazily.

    What stands under `if TYPE_CHECKING` is left out. The `__init__` files are emptied, but for those something is
    imported from.
    """
    sources = _closure(entries)
    texts = {name: _source(name) if wanted else _empty(name) for name, wanted in sorted(sources.items())}
    digest = hashlib.sha256("\0".join(f"{name}\n{text}" for name, text in texts.items()).encode()).hexdigest()
    package = f"{_OURS}_model_{digest[:8]}"
    files = {f"{package}/{_path_of(name)}": _NAME.sub(package, text) for name, text in texts.items()}
    libraries = {library for name, wanted in sources.items() if wanted for library in _foreign(_tree(name))}
    return ShippedCode(package, files, frozenset(libraries))


def _closure(entries: Iterable[str]) -> dict[str, bool]:
    """Modules by name; True where the content is wanted, False for the `__init__` files on the way."""
    found: dict[str, bool] = {}
    waiting = list(entries)
    while waiting:
        name = waiting.pop()
        if found.get(name):
            continue
        found[name] = True
        waiting += _own_imports(_tree(name))
        parts = name.split(".")
        for length in range(1, len(parts)):
            found.setdefault(".".join(parts[:length]), False)
    return found


def _own_imports(tree: ast.Module) -> Iterator[str]:
    for node in _loaded(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if _is_ours(alias.name))
        elif isinstance(node, ast.ImportFrom) and _is_ours(node.module or ""):
            for alias in node.names:
                below = f"{node.module}.{alias.name}"
                yield below if _is_module(below) else str(node.module)
        else:
            yield from (name for name in _named_in_call(node, _OUR_LAZY_CALLS) if _is_ours(name))


def _foreign(tree: ast.Module) -> Iterator[str]:
    for node in _loaded(tree):
        if isinstance(node, ast.Import):
            names: Iterable[str] = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        else:
            names = _named_in_call(node, _LAZY_CALLS)
        yield from (name.partition(".")[0] for name in names if not _is_ours(name))


def _named_in_call(node: ast.AST, functions: frozenset[str]) -> Iterator[str]:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in functions and node.args:
        first = node.args[0]
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            yield first.value


def _loaded(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes but those under `if TYPE_CHECKING`."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            continue
        yield node
        yield from _loaded(node)


def _is_ours(name: str) -> bool:
    return name == _OURS or name.startswith(_OURS + ".")


def _is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


@lru_cache(maxsize=256)
def _tree(name: str) -> ast.Module:
    return ast.parse(_source(name))


def _source(name: str) -> str:
    return _file(name).read_text("utf-8")


def _file(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(name)
    return Path(spec.origin)


def _empty(name: str) -> str:
    doc = ast.get_docstring(_tree(name)) or ""
    return f'"""{doc.splitlines()[0] if doc else name}"""\n'


def _path_of(name: str) -> str:
    inner = "/".join(name.split(".")[1:])
    if _file(name).name == "__init__.py":
        return f"{inner}/__init__.py" if inner else "__init__.py"
    return f"{inner}.py"
