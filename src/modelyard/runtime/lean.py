"""JSON, signals and prctl without the modules that are usually in front of them.

`json`, `signal`, `ctypes` and `typing` bring `re`, `enum` and `collections` along, which take longer than everything
else that a launcher does before it starts a command. Their C halves do the work here. Where an interpreter has none
of these halves, the front doors are taken.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from typing import Any
else:
    try:
        import _signal as signal
    except ImportError:
        import signal

__all__ = ["dumps", "loads", "prctl", "signal", "system_call"]


def loads(text: str) -> Any:
    """What a JSON text means. Raises ValueError."""
    try:
        from _json import make_scanner
    except ImportError:
        import json

        return json.loads(text)
    start = len(text) - len(text.lstrip(" \t\r\n"))
    try:
        value, end = make_scanner(_Decoding())(text, start)  # type: ignore[arg-type]
    except StopIteration as error:
        raise ValueError("it is not JSON") from error
    except Exception as error:  # its own error class is of the module that is not to be imported
        raise ValueError(str(error)) from error
    if text[end:].strip(" \t\r\n"):
        raise ValueError("there is more after its end")
    return value


def dumps(value: Any) -> str:
    """A JSON text of what JSON knows: mappings with text keys, sequences, texts, numbers, truth and None."""
    if value is None or value is True or value is False:
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_quoted(key)}: {dumps(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(dumps(inner) for inner in value) + "]"
    if isinstance(value, (int, float)):
        return repr(value)
    raise TypeError(f"{type(value).__name__} has no JSON")


def prctl(option: int, argument: int) -> bool:
    """The system call of that name (Linux); False where there is none or it refuses."""
    return system_call("prctl", option, argument, 0, 0, 0)


def system_call(name: str, *arguments: int | bytes | None) -> bool:
    """A call of the C library that answers 0 when all is well (Linux); False where there is none or it refuses."""
    if os.uname().sysname != "Linux":
        return False
    try:
        import _ctypes

        call = _ctypes.dlsym(_ctypes.dlopen(None, 0), name)  # type: ignore[arg-type]
        return bool(_ctypes.call_function(call, arguments) == 0)
    except (ImportError, OSError, AttributeError):
        return False


class _Decoding:
    """The options that the C scanner asks for, as `json.loads` has them."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    array_hook = None
    parse_float = float
    parse_int = int
    memo: dict[str, str] = {}  # noqa: RUF012 - the name and shape are the scanner's

    @staticmethod
    def parse_constant(name: str) -> float:
        return float(name.replace("Infinity", "inf"))


def _quoted(text: str) -> str:
    try:
        from _json import encode_basestring_ascii
    except ImportError:
        from json.encoder import encode_basestring_ascii
    return str(encode_basestring_ascii(text))
