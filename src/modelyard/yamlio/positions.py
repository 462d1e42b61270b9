"""Where each value of a document was written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from modelyard.domain.errors import InvalidInput


@dataclass(frozen=True)
class Position:
    """A line of a file; for an override the file is its text and there is no line."""

    file: str
    line: int | None = None

    def __str__(self) -> str:
        return self.file if self.line is None else f"{self.file}:{self.line}"


@dataclass
class Positions:
    """Positions by dotted path; the path of the document itself is empty."""

    by_path: dict[str, Position] = field(default_factory=dict)

    def mark(self, path: str, position: Position) -> None:
        self.by_path[path] = position

    def of(self, path: str) -> Position | None:
        """The position of `path`, or of the nearest thing around it."""
        return next((self.by_path[near] for near in _outwards(path) if near in self.by_path), None)


def _outwards(path: str) -> Iterator[str]:
    while path:
        yield path
        path = path.rpartition(".")[0]
    yield ""


def joined(path: str, name: str | int) -> str:
    return f"{path}.{name}" if path else str(name)


def located(error: InvalidInput, positions: Positions, shown: str) -> InvalidInput:
    """`error` with file and line on each of its problems, in the order of the file."""
    problems = [_located(detail, positions) for detail in error.details or [_detail(error)]]
    problems.sort(key=lambda item: (item.get("line") is None, item.get("line") or 0))
    return refusal(problems, shown)


def refusal(problems: list[dict[str, Any]], shown: str) -> InvalidInput:
    """One error for all `problems`, led by the first."""
    first = problems[0]
    message = str(first["message"])
    if len(problems) > 1:
        message = f"{len(problems)} problems in {shown}; the first: {message}"
    line = first.get("line")
    return InvalidInput(
        message,
        field=str(first["field"]) if first.get("field") else None,
        mend=str(first["mend"]) if first.get("mend") else None,
        file=str(first["file"]) if first.get("file") else None,
        line=line if isinstance(line, int) else None,
        details=problems,
    )


def _detail(error: InvalidInput) -> dict[str, Any]:
    return {"field": error.field or "", "message": error.message} | ({"mend": error.mend} if error.mend else {})


def _located(detail: Mapping[str, Any], positions: Positions) -> dict[str, Any]:
    position = positions.of(str(detail.get("field") or ""))
    if position is None:
        return dict(detail)
    return {**detail, "file": position.file} | ({} if position.line is None else {"line": position.line})
