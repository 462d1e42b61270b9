"""Columns out of the paths of files: `/{year}/{month}/data.csv`, `/{date:yyyy/MM/dd}/x.parquet`."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

from modelyard.domain.errors import InvalidInput

_FIELD = re.compile(r"\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::(?P<form>[^{}]+))?\}")
_TOKENS = {"yyyy": ("%Y", r"\d{4}"), "MM": ("%m", r"\d{2}"), "dd": ("%d", r"\d{2}"), "HH": ("%H", r"\d{2}")}
_MINUTES = {"mm": ("%M", r"\d{2}"), "ss": ("%S", r"\d{2}")}
_TOKEN = re.compile("|".join([*_TOKENS, *_MINUTES]))


class PartitionFormat:
    """Reads the values of a path; text fields are text, fields with a date format are moments."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._forms: dict[str, str | None] = {}
        pieces: list[str] = []
        position = 0
        for match in _FIELD.finditer(text):
            pieces += [_plain(text[position : match.start()]), self._field(match)]
            position = match.end()
        pieces.append(_plain(text[position:]))
        if not self._forms:
            raise InvalidInput(f"the partition format '{text[:120]}' names no column", field="transformations")
        self._pattern = re.compile("".join(pieces) + "(?=/|$)")

    def values(self, path: Path) -> dict[str, str | datetime]:
        """The columns of `path`; InvalidInput when it does not hold the format."""
        match = self._pattern.search(path.as_posix())
        if match is None:
            raise InvalidInput(
                f"'{path.name}' does not lie as the partition format '{self._text[:120]}' says", field="transformations"
            )
        return {name: _value(match[name], form) for name, form in self._forms.items()}

    def _field(self, match: re.Match[str]) -> str:
        name, form = match["name"], match["form"]
        if name in self._forms:
            raise InvalidInput(f"the partition format names '{name}' twice", field="transformations")
        if form is None:
            self._forms[name] = None
            return f"(?P<{name}>[^/]+)"
        known = _TOKENS | _MINUTES
        self._forms[name] = _TOKEN.sub(lambda token: known[token[0]][0], form)
        pieces, position = "", 0
        for token in _TOKEN.finditer(form):
            pieces += re.escape(form[position : token.start()]) + known[token[0]][1]
            position = token.end()
        return f"(?P<{name}>{pieces}{re.escape(form[position:])})"


def _plain(text: str) -> str:
    """Literal text; `*` stands for anything within one folder."""
    return "[^/]*".join(re.escape(piece) for piece in text.split("*"))


def _value(text: str, form: str | None) -> str | datetime:
    if form is None:
        return text
    try:
        return datetime.strptime(text, form)
    except ValueError:
        raise InvalidInput(f"'{text}' in a path is not a date", field="transformations") from None
