"""What a script imports of others' modules, found in its syntax tree without running any of it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from modelyard.compute.python_command import PythonCall

MOST_FILES = 60
MOST_BYTES = 1 << 20
MOST_MODULES = 200


def imported_modules(code: Path, call: PythonCall) -> tuple[str, ...]:
    """Modules that the script imports at its top, in that order, and those that its own files import at theirs.

    `package:name` stands for `from package import name`. Modules of the code folder are left out: they are the
    user's, may change from job to job, and have effects of their own.
    """
    found = _entry(code, call)
    if found is None:
        return (call.target.partition(".")[0],) if call.module and not _own(code, call.target) else ()
    script, root = found
    if not script.resolve().is_relative_to(code.resolve()):
        return ()
    return _scan(script, root, script.stat().st_mtime_ns)


def _entry(code: Path, call: PythonCall) -> tuple[Path, Path] | None:
    """The file that is run, and the folder that its own imports are found in."""
    if not call.module:
        script = code / call.target
        return (script, script.parent) if script.is_file() else None
    place = code.joinpath(*call.target.split("."))
    candidates = (place.with_suffix(".py"), place / "__main__.py")
    return next(((path, code) for path in candidates if path.is_file()), None)


@lru_cache(maxsize=256)
def _scan(script: Path, root: Path, _changed: int) -> tuple[str, ...]:
    modules: dict[str, None] = {}
    waiting, seen = [script], {script}
    while waiting and len(seen) <= MOST_FILES:
        file = waiting.pop(0)
        for package, names in _imports(file, root):
            own = _own(root, package)
            if own is None:
                modules.update(dict.fromkeys(_wanted(package, names)))
                continue
            new = [path for path in _files(root, package, names) if path not in seen]
            seen.update(new)
            waiting += new
    return tuple(modules)[:MOST_MODULES]


def _wanted(package: str, names: Sequence[str]) -> list[str]:
    return [f"{package}:{name}" for name in names if name != "*"] or [package]


def _imports(file: Path, root: Path) -> Iterator[tuple[str, list[str]]]:
    """Package and imported names of each import at the top of a file."""
    try:
        if file.stat().st_size > MOST_BYTES:
            return
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError):
        return
    for node in _top(tree.body):
        if isinstance(node, ast.Import):
            yield from ((alias.name, []) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = _absolute(node, file, root)
            if package and package != "__future__":
                yield package, [alias.name for alias in node.names]


def _top(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements that run when the file is imported: also those in a `try`, a `with`, or an `if` not for types."""
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif isinstance(node, ast.Try | ast.With | ast.If) and not _for_types(node):
            yield from _top(node.body)


def _for_types(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)


def _absolute(node: ast.ImportFrom, file: Path, root: Path) -> str:
    if not node.level:
        return node.module or ""
    folder = file.parent
    for _ in range(node.level - 1):
        folder = folder.parent
    if not folder.is_relative_to(root):
        return ""
    return ".".join([*folder.relative_to(root).parts, *([node.module] if node.module else [])])


def _own(root: Path, package: str) -> Path | None:
    """The user's file or folder of that module, which comes before any that is installed."""
    top = root / package.partition(".")[0]
    file = top.with_suffix(".py")
    return file if file.is_file() else top if top.is_dir() else None


def _files(root: Path, package: str, names: Sequence[str]) -> list[Path]:
    place = root.joinpath(*package.split("."))
    steps = [root.joinpath(*package.split(".")[:count], "__init__.py") for count in range(1, package.count(".") + 2)]
    members = [file for name in names for file in (place / f"{name}.py", place / name / "__init__.py")]
    return [path for path in (*steps, place.with_suffix(".py"), *members) if path.is_file()]
