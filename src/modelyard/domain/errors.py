"""Errors that own their HTTP status, code and mend.

An error says what is wrong (`message`), where (`field`, `file`, `line`) and how to mend it (`mend`).
Each edge (REST, CLI, MLflow protocol) translates this one family in one place; features add
subclasses beside their own code.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any, ClassVar


class ModelyardError(Exception):
    """Base of every error a user may see."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal"

    def __init__(
        self,
        message: str,
        *,
        field: str | None = None,
        mend: str | None = None,
        file: str | None = None,
        line: int | None = None,
        details: list[dict[str, Any]] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.mend = mend
        self.file = file
        self.line = line
        self.details = details or []

    def __str__(self) -> str:
        """What, where and how to mend it; one line for each problem when there are several."""
        lines = [_line(self.message, self.field, self.file, self.line, self.mend)]
        if len(self.details) > 1:
            lines = [self.message, *(_detail_line(detail) for detail in self.details)]
        return "\n  ".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """The body of a REST error, without empty keys."""
        body = {
            "code": self.code,
            "message": self.message,
            "field": self.field,
            "mend": self.mend,
            "file": self.file,
            "line": self.line,
            "details": self.details,
        }
        return {key: value for key, value in body.items() if value not in (None, [])}


def _line(message: str, field: str | None, file: str | None, line: int | None, mend: str | None) -> str:
    place = f"{file}:{line}" if file and line else file
    named = field if field and f"'{field}'" not in message else None
    where = " ".join(part for part in (place, named) if part)
    text = f"{where}: {message}" if where else message
    return f"{text} ({mend})" if mend else text


def _detail_line(detail: dict[str, Any]) -> str:
    message = str(detail.get("message", ""))
    return _line(message, detail.get("field"), detail.get("file"), detail.get("line"), detail.get("mend"))


class InvalidInput(ModelyardError):
    status = 400
    code = "invalid_input"


class Unauthenticated(ModelyardError):
    status = 401
    code = "unauthenticated"


class PermissionDenied(ModelyardError):
    status = 403
    code = "permission_denied"


class NotFound(ModelyardError):
    status = 404
    code = "not_found"


class Conflict(ModelyardError):
    """The thing exists already, or changed since it was read."""

    status = 409
    code = "conflict"


class IllegalTransition(Conflict):
    code = "illegal_transition"


class TooLarge(ModelyardError):
    status = 413
    code = "too_large"


class Unsupported(ModelyardError):
    """A known field or value of Azure ML that this version cannot honour."""

    status = 422
    code = "unsupported"


class Unavailable(ModelyardError):
    """Try again later: a dependency or the disk is out of service."""

    status = 503
    code = "unavailable"


class StorageFull(Unavailable):
    status = 507
    code = "storage_full"


class MissingExtra(ModelyardError):
    """An optional part of the package is needed and not installed."""

    status = 501
    code = "missing_extra"

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(
            f"{what} needs the extra '{extra}', which is not installed.",
            mend=f'pip install "modelyard[{extra}]"',
        )


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """A mend that names the nearest known word, or None when nothing is near."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"did you mean '{near[0]}'?" if near else None
