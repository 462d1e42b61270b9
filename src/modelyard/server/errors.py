"""The REST edge's one translator of errors."""

from __future__ import annotations

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from modelyard.domain.errors import InvalidInput, ModelyardError, Unauthenticated
from modelyard.kit.ids import random_text

_LOG = logging.getLogger("modelyard.server")
_CODES = {404: "not_found", 405: "method_not_allowed", 406: "not_acceptable", 415: "unsupported_media_type"}


def install(app: FastAPI) -> None:
    """Every error leaves as `{"error": {"code", "message", "field", "mend", ...}}`."""
    app.add_exception_handler(ModelyardError, _known)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unknown)


def answer(error: ModelyardError) -> JSONResponse:
    """The response of one error of the family."""
    headers = {"WWW-Authenticate": 'Bearer realm="modelyard"'} if isinstance(error, Unauthenticated) else None
    return JSONResponse({"error": error.to_dict()}, status_code=error.status, headers=headers)


def from_validation(problems: list[Any]) -> InvalidInput:
    """One InvalidInput that leads with the first problem and lists all of them in `details`."""
    details = [{"field": _field(problem["loc"]), "message": str(problem["msg"])} for problem in problems[:50]]
    first = details[0]
    return InvalidInput(
        f"{first['field'] or 'body'}: {first['message']}.",
        field=first["field"] or None,
        mend="see /openapi.json for the fields that this call takes",
        details=details if len(details) > 1 else None,
    )


async def _known(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ModelyardError)
    if error.status >= 500:
        _LOG.warning("%s: %s", error.code, error.message)
    return answer(error)


async def _invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    return answer(from_validation(list(error.errors())))


async def _http(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    if isinstance(error.__cause__, ModelyardError):  # raised while the framework read the body
        return answer(error.__cause__)
    code = _CODES.get(error.status_code, "invalid_input" if error.status_code < 500 else "internal")
    body = {"error": {"code": code, "message": str(error.detail)}}
    return JSONResponse(body, status_code=error.status_code, headers=error.headers)


async def _unknown(request: Request, error: Exception) -> JSONResponse:
    """A defect: the caller gets a number to quote, the log gets the traceback, neither gets the request's body."""
    number = random_text(12)
    _LOG.error("error %s in %s %s", number, request.method, request.url.path, exc_info=error)
    body = {"code": "internal", "message": f"Unexpected error {number}.", "mend": "see server.log for this number"}
    return JSONResponse({"error": body}, status_code=500)


def _field(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location if part not in ("body", "query", "path", "header"))
