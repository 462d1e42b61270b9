"""The house's own lint rules, on the syntax tree.

Each rule takes a `Source` and yields `Finding`s. A rule that has an exception is escaped on the offending line
with `# lint: <rule>: <reason>`; an escape without a reason does not count.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

FILE_LINES_SOFT = 400
FILE_LINES_HARD = 600
FUNCTION_LINES = 60
EMPTY_NAMES = frozenset({"utils", "util", "helpers", "helper", "common", "manager", "managers", "misc"})
ESCAPE = re.compile(r"#\s*lint:\s*(?P<rule>[a-z-]+):\s*(?P<reason>\S.{3,})")

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Finding:
    path: Path
    line: int
    rule: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}: {self.text}"


@dataclass(frozen=True)
class Source:
    path: Path
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, filename=str(self.path))

    @cached_property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    def escaped(self, rule: str, line: int) -> bool:
        """True when the line, or the one above it, carries `# lint: <rule>: <reason>`."""
        nearby = self.lines[max(line - 2, 0) : line]
        return any((found := ESCAPE.search(text)) and found["rule"] == rule for text in nearby)

    @cached_property
    def functions(self) -> list[FunctionNode]:
        return [node for node in ast.walk(self.tree) if isinstance(node, FunctionNode)]


Rule = Callable[[Source], Iterator[Finding]]


def long_file(source: Source) -> Iterator[Finding]:
    """Over 600 lines is refused; over 400 needs a reason in the first ten lines."""
    count = len(source.lines)
    if count > FILE_LINES_HARD:
        yield Finding(source.path, 1, "long-file", f"{count} lines; {FILE_LINES_HARD} is the wall: split it by concept")
    elif count > FILE_LINES_SOFT and not any(source.escaped("long-file", line) for line in range(1, 11)):
        mend = "split it, or say why in the first lines: `# lint: long-file: <reason>`"
        yield Finding(source.path, 1, "long-file", f"{count} lines, over {FILE_LINES_SOFT}: {mend}")


def long_function(source: Source) -> Iterator[Finding]:
    for node in source.functions:
        count = (node.end_lineno or node.lineno) - node.lineno + 1
        if count > FUNCTION_LINES and not source.escaped("long-function", node.lineno):
            yield Finding(source.path, node.lineno, "long-function", f"{node.name} has {count} lines, over 60")


def late_import(source: Source) -> Iterator[Finding]:
    """An import of the package itself inside a function hides a cycle or a layer that is crossed."""
    for function in source.functions:
        for node in ast.walk(function):
            if _imports_own_package(node) and not source.escaped("late-import", node.lineno):  # type: ignore[attr-defined]
                line: int = node.lineno  # type: ignore[attr-defined]
                yield Finding(source.path, line, "late-import", f"modelyard imported inside {function.name}()")


def empty_name(source: Source) -> Iterator[Finding]:
    names = {source.path.stem, source.path.parent.name}
    for name in sorted(names & EMPTY_NAMES):
        yield Finding(source.path, 1, "empty-name", f"'{name}' says nothing: name the noun it holds")


def mock(source: Source) -> Iterator[Finding]:
    """Fakes with behaviour instead of mocks."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(("unittest.mock", "mock")):
            yield Finding(source.path, node.lineno, "mock", "write a fake with behaviour instead")
        if isinstance(node, ast.Import) and any(alias.name in {"unittest.mock", "mock"} for alias in node.names):
            yield Finding(source.path, node.lineno, "mock", "write a fake with behaviour instead")


def bare_print(source: Source) -> Iterator[Finding]:
    """Libraries log; only what talks to a person on a terminal prints: the CLI, and `main` of a program."""
    if {"cli", "runtime"} & set(source.path.parts) or source.path.name == "__main__.py":
        return
    of_main = {id(node) for function in source.functions if function.name == "main" for node in ast.walk(function)}
    for node in ast.walk(source.tree):
        prints = (
            id(node) not in of_main
            and isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "print"
        )
        if prints and not source.escaped("bare-print", node.lineno):
            yield Finding(source.path, node.lineno, "bare-print", "log it, or print in the CLI")


def _imports_own_package(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom):
        return node.level > 0 or (node.module or "").split(".")[0] == "modelyard"
    return isinstance(node, ast.Import) and any(alias.name.split(".")[0] == "modelyard" for alias in node.names)


SOURCE_RULES: tuple[Rule, ...] = (long_file, long_function, late_import, empty_name, mock, bare_print)
TEST_RULES: tuple[Rule, ...] = (long_file, long_function, mock)


def check(source: Source, rules: tuple[Rule, ...]) -> list[Finding]:
    return [finding for rule in rules for finding in rule(source)]
