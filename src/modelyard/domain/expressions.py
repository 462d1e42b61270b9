"""`${{ }}` expressions and `$[[ ]]` optional blocks.

A scope is a mapping of dotted names to text (`inputs.rate` -> `0.1`); a name whose value is None is an
optional input that was not set.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from modelyard.domain.errors import InvalidInput, did_you_mean

_EXPRESSION = re.compile(r"\$\{\{\s*(?P<name>[^\s{}]+)\s*\}\}")
# What looks like an expression but is none: blanks inside the name, nothing inside, or no end.
_BROKEN = re.compile(r"\$\{\{(?P<body>[^}]*)(\}\})?")
# A body stops at the next block, so that the time stays in proportion to the text whatever it holds.
_OPTIONAL = re.compile(r"\$\[\[(?P<body>(?:(?!\$\[\[|\]\]).)*)\]\]", re.DOTALL)


@dataclass(frozen=True)
class Expression:
    """One `${{ name }}` in a text."""

    name: str
    start: int
    optional: bool = False
    """True inside a `$[[ ]]` block."""

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(self.name.split("."))


def find(text: str) -> list[Expression]:
    """The expressions of `text`, in order."""
    blocks = [match.span() for match in _OPTIONAL.finditer(text)][::-1]
    found: list[Expression] = []
    for match in _EXPRESSION.finditer(text):
        while blocks and blocks[-1][1] <= match.start():
            blocks.pop()
        optional = bool(blocks) and blocks[-1][0] <= match.start()
        found.append(Expression(match["name"], match.start(), optional))
    return found


def malformed(text: str) -> list[str]:
    """Every `${{` that does not hold one name and end with `}}`, as it is written."""
    rest = _EXPRESSION.sub("", text)
    return [match.group(0)[:80] for match in _BROKEN.finditer(rest)]


def substitute(text: str, scope: Mapping[str, str | None], *, field: str | None = None) -> str:
    """`text` with every expression replaced; InvalidInput names `field` and the known names.

    A `$[[ ]]` block disappears when one of its expressions is not set or not in the scope's `inputs`;
    else its brackets go. Replaced text is never looked at again.
    """
    pieces: list[str] = []
    position = 0
    for block in _OPTIONAL.finditer(text):
        pieces.append(_replaced(text[position : block.start()], scope, field))
        body = block["body"]
        if all(_set(match["name"], scope, field) for match in _EXPRESSION.finditer(body)):
            pieces.append(_replaced(body, scope, field))
        position = block.end()
    pieces.append(_replaced(text[position:], scope, field))
    return "".join(pieces)


def renamed(text: str, names: Mapping[str, str]) -> str:
    """`text` with expressions under other names: old name -> new name."""

    def expression(match: re.Match[str]) -> str:
        new = names.get(match["name"])
        return match.group(0) if new is None else f"${{{{{new}}}}}"

    return _EXPRESSION.sub(expression, text)


def check(text: str, known: Iterable[str], *, field: str, optional: Iterable[str] = ()) -> list[dict[str, str]]:
    """Problems of the expressions in `text`: broken ones, and names that are neither known nor platform names."""
    names = set(known) | set(optional)
    found = [
        {
            "field": field,
            "message": f"'{part}' is not an expression",
            "mend": "write ${{inputs.<name>}}, without blanks",
        }
        for part in malformed(text)
    ]
    for expression in find(text):
        if expression.name not in names:
            found.append(_unknown(expression.name, names, field))
    return found


def _set(name: str, scope: Mapping[str, str | None], field: str | None) -> bool:
    if name not in scope:
        raise _error(name, scope, field)
    return scope[name] is not None


def _replaced(text: str, scope: Mapping[str, str | None], field: str | None) -> str:
    def value(match: re.Match[str]) -> str:
        name = match["name"]
        if name not in scope:
            raise _error(name, scope, field)
        return scope[name] or ""

    return _EXPRESSION.sub(value, text)


def _unknown(name: str, known: Iterable[str], field: str | None) -> dict[str, str]:
    names = sorted(known)
    near = did_you_mean(name, names)
    listed = f"known: {', '.join(names[:20])}" if names else "nothing is declared"
    shown = near.replace("'", "'${{", 1).replace("'?", "}}'?") if near else listed
    return {"field": field or "", "message": f"'${{{{{name}}}}}' is not declared", "mend": shown}


def _error(name: str, scope: Mapping[str, str | None], field: str | None) -> InvalidInput:
    problem = _unknown(name, scope, field)
    return InvalidInput(problem["message"], field=field, mend=problem["mend"])
