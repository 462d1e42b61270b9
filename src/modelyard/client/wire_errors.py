"""REST error bodies back into the error family."""

from __future__ import annotations

import json
from typing import Any

import httpx

from modelyard.domain.errors import ModelyardError, Unavailable


class AnswerLost(Unavailable):
    """The request was sent and the connection broke before the answer: it may or may not have been done."""

    code = "answer_lost"


def raise_for_error(response: httpx.Response) -> None:
    """Raise the member of the family that the answer names; return on success. The body must have been read."""
    if response.status_code >= 400:
        raise from_response(response)


def from_response(response: httpx.Response) -> ModelyardError:
    body = _error_body(response)
    error = _family_member(str(body.get("code") or ""), response.status_code)
    details = body.get("details")
    return rebuild(
        error,
        message=str(body.get("message") or f"The server answered {response.status_code}."),
        field=body.get("field"),
        mend=body.get("mend"),
        file=body.get("file"),
        line=body.get("line"),
        details=details if isinstance(details, list) else None,
    )


def rebuild(kind: type[ModelyardError], **values: Any) -> ModelyardError:
    """An instance of `kind` by the base constructor: a subclass may have a narrower one of its own."""
    error = kind.__new__(kind)
    ModelyardError.__init__(error, **values)
    return error


def _error_body(response: httpx.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except (json.JSONDecodeError, UnicodeDecodeError):
        text = response.text.strip()[:500]
        return {"message": f"The server answered {response.status_code}: {text or response.reason_phrase}."}
    error = body.get("error", body) if isinstance(body, dict) else {}
    return error if isinstance(error, dict) else {"message": str(error)}


def _family_member(code: str, status: int) -> type[ModelyardError]:
    members = list(_descendants(ModelyardError))
    by_code = next((member for member in members if member.code == code), None)
    by_status = next((member for member in members if member.status == status), None)
    return by_code or by_status or ModelyardError


def _descendants(root: type[ModelyardError]) -> list[type[ModelyardError]]:
    """Breadth first, so that a status finds its most general class."""
    found = list(root.__subclasses__())
    for child in found:
        found.extend(child.__subclasses__())
    return found
