"""Errors as a person reads them: what, where, and how to mend it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from typing import Any, TextIO

from modelyard.domain.errors import InvalidInput, ModelyardError

_SHOWN_DETAILS = 20


def exit_code(error: ModelyardError) -> int:
    """2 for what the caller wrote wrongly, 1 for everything else."""
    return 2 if isinstance(error, InvalidInput) else 1


def report(error: ModelyardError, stream: TextIO | None = None) -> None:
    out = stream or sys.stderr
    colour = out.isatty() and "NO_COLOR" not in os.environ
    for line in described(error):
        head, mark, rest = line.partition(":")
        painted = f"\x1b[1;31m{head}{mark}\x1b[0m{rest}" if colour and head == "Error" else line
        print(painted, file=out)


def described(error: ModelyardError) -> Iterator[str]:
    """The lines of the report. Several problems are listed each with its own place."""
    problems = [detail for detail in error.details if detail.get("message")]
    if len(problems) < 2:
        yield f"Error: {error.message}"
        yield from _place_and_mend(error.to_dict(), "  ")
        return
    yield f"Error: {len(problems)} problems{f' in {error.file}' if error.file else ''}"
    for problem in problems[:_SHOWN_DETAILS]:
        yield f"  {_where({'file': error.file, **problem})}: {problem['message']}"
        if problem.get("mend"):
            yield f"      {problem['mend']}"
    if len(problems) > _SHOWN_DETAILS:
        yield f"  and {len(problems) - _SHOWN_DETAILS} more"


def _place_and_mend(body: Mapping[str, Any], indent: str) -> Iterator[str]:
    where = _where(body)
    if where:
        yield f"{indent}where: {where}"
    if body.get("mend"):
        yield f"{indent}mend:  {body['mend']}"


def _where(body: Mapping[str, Any]) -> str:
    place, field = str(body.get("file") or ""), str(body.get("field") or "")
    if place in (f"--set {field}", f"params_override {field}", f"--{field.replace('_', '-')}"):
        return place
    if body.get("line"):
        place += f":{body['line']}"
    return " ".join(part for part in (place, field) if part)
