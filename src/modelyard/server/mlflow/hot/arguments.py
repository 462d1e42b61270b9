"""Reading the arguments of a hot call; whatever is not plainly right is NotHot."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Container, Mapping
from functools import lru_cache
from typing import Any

from modelyard.store.tracking.logging_writes import MetricPoint

MAX_KEY = 250
MAX_PARAM_VALUE = 6000
MAX_TAG_VALUE = 8000
_MAX_INT64 = 2**63 - 1
_MAX_FLOAT = 1.7976931348623157e308
_KEY = re.compile(r"[/\w.\- :]+")
# A run's id has no more characters; a longer one is a job's name, which is looked up elsewhere.
_RUN_ID = re.compile(r"[a-zA-Z0-9][\w\-]{0,31}", re.ASCII)
_SPECIAL_FLOATS = {"NaN": 0.0, "Infinity": _MAX_FLOAT, "-Infinity": -_MAX_FLOAT}
# Names of the protocol in their other, camel-case spelling, which a JSON message may use as well.
_OTHER_SPELLING = re.compile(r"[a-z][A-Z]")

Arguments = Mapping[str, Any]


class NotHot(Exception):
    """For MLflow's own handler."""


def run_id(arguments: Arguments) -> str:
    """The run that a call names, by either of its two names."""
    value = arguments.get("run_id") or arguments.get("run_uuid")
    if not isinstance(value, str) or _RUN_ID.fullmatch(value) is None:
        raise NotHot
    return value


def check_spelling(arguments: Arguments) -> None:
    """NotHot when a name is spelled in camel case."""
    for name in arguments:
        if _OTHER_SPELLING.search(name):
            raise NotHot


def text(arguments: Arguments, name: str, most: int, default: str = "") -> str:
    """A text of at most `most` characters."""
    value = arguments.get(name, default)
    if type(value) is not str or len(value) > most or "\x00" in value:
        raise NotHot
    return value


def integer(arguments: Arguments, name: str, default: int | None = None) -> int:
    """A 64-bit integer; a text of digits counts, as protobuf writes them so."""
    value = arguments.get(name, default)
    if type(value) is str and value.lstrip("-").isdecimal() and len(value) < 20:
        value = int(value)
    if type(value) is not int or not -_MAX_INT64 <= value <= _MAX_INT64:
        raise NotHot
    return value


def choice(arguments: Arguments, name: str, known: Container[str], default: str) -> str:
    """One of the words in `known`."""
    value = arguments.get(name, default)
    if type(value) is not str or value not in known:
        raise NotHot
    return value


def items(arguments: Arguments, name: str, most: int) -> list[Any]:
    """A list of at most `most` items; empty when it is not there."""
    value = arguments.get(name, [])
    if type(value) is not list or len(value) > most:
        raise NotHot
    return value


def key(arguments: Arguments) -> str:
    """The name of a metric, param or tag."""
    value = arguments.get("key")
    if type(value) is not str or not _is_plain_key(value):
        raise NotHot
    return value


def pairs(values: list[Any], most: int) -> dict[str, str]:
    """`[{key, value}]` as a dictionary; the last of two values of one key holds."""
    found: dict[str, str] = {}
    for value in values:
        if type(value) is not dict:
            raise NotHot
        found[key(value)] = text(value, "value", most)
    return found


def point(values: Arguments) -> MetricPoint:
    """A metric's value as it is stored. A metric of a model is not hot."""
    name = values.get("key")
    value = values.get("value")
    timestamp = values.get("timestamp")
    step = values.get("step", 0)
    if type(name) is not str or not _is_plain_key(name) or "model_id" in values:
        raise NotHot
    is_nan = value == "NaN"
    if type(value) is str:
        value = _SPECIAL_FLOATS.get(value)
    if type(value) is not float:
        if type(value) is not int or abs(value) > 2**53:
            raise NotHot
        value = float(value)
    if type(timestamp) is not int:
        timestamp = integer(values, "timestamp")
    if type(step) is not int:
        step = integer(values, "step", 0)
    if not 0 <= timestamp <= _MAX_INT64 or not -_MAX_INT64 <= step <= _MAX_INT64:
        raise NotHot
    return MetricPoint(name, value, timestamp, step, is_nan)


@lru_cache(maxsize=4096)
def _is_plain_key(name: str) -> bool:
    """Whether MLflow takes the name: few characters, and a path that stays where it is."""
    normal = posixpath.normpath(name) if name else ""
    stays = normal == name and name != "." and not name.startswith(("..", "/"))
    return stays and len(name) <= MAX_KEY and _KEY.fullmatch(name) is not None
