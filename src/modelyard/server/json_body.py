"""JSON as it may enter: bounded in depth and in numbers, and free of text that no database holds."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from modelyard.domain.errors import InvalidInput

MAX_DEPTH = 100
_MAX_INT = 2**63 - 1


def parse_json(body: bytes) -> Any:
    """Parse a request body; InvalidInput for bad syntax, bad UTF-8, NaN, NUL, lone surrogates, deep or huge values."""
    try:
        value = json.loads(body.decode("utf-8"), parse_constant=_refuse_constant, parse_int=_bounded_int)
    except UnicodeDecodeError as error:
        raise InvalidInput("The body is not UTF-8.", mend="send JSON in UTF-8") from error
    except RecursionError as error:
        raise InvalidInput(f"The body is nested deeper than {MAX_DEPTH} levels.") from error
    except json.JSONDecodeError as error:
        raise InvalidInput(
            f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        ) from error
    _check(value, ())
    return value


def _check(value: Any, path: tuple[str, ...]) -> None:
    if len(path) > MAX_DEPTH:
        raise InvalidInput(f"The body is nested deeper than {MAX_DEPTH} levels.", field=".".join(path[:5]) + "...")
    if isinstance(value, str):
        _check_text(value, path)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _check(item, (*path, str(index)))
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_text(key, path)
            _check(item, (*path, key))


def _check_text(text: str, path: tuple[str, ...]) -> None:
    if "\x00" in text:
        raise InvalidInput("A text holds a NUL character.", field=".".join(path) or None)
    if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
        raise InvalidInput("A text holds half of a surrogate pair.", field=".".join(path) or None)


def _bounded_int(text: str) -> int:
    if len(text) > 20 or abs(int(text)) > _MAX_INT:
        raise InvalidInput(f"The number {text[:25]} does not fit 64 bits.")
    return int(text)


def _refuse_constant(name: str) -> NoReturn:
    raise InvalidInput(f"{name} is not JSON.", mend="send null or a text instead")
