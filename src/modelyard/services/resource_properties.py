"""What `resources.properties` of a job say: what it reserves on a local compute, and how its command is started."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from modelyard.domain.errors import InvalidInput, did_you_mean
from modelyard.domain.task import Resources
from modelyard.kit.sizes import byte_count

FIELD = "resources.properties"
_AMOUNTS = ("cpus", "memory_bytes", "memory", "gpus")
_OWN = "modelyard."
_OWN_NAMES = ("warm", "warm_imports")
WARM_PROPERTIES = tuple(f"{_OWN}{name}" for name in _OWN_NAMES)
# Words for the same that are not near enough in spelling.
_OTHER_WORDS = {"cores": "cpus", "ram": "memory", "cuda": "gpus", "accelerators": "gpus"}
_MODULE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*(:[A-Za-z_]\w*)?\Z")


@dataclass(frozen=True)
class ResourceProperties:
    """`demand` is that of all nodes together; `warm_imports` is None when they are to be found out."""

    demand: Resources
    warm: bool = False
    warm_imports: tuple[str, ...] | None = None

    @classmethod
    def read(cls, properties: Mapping[str, Any], nodes: int) -> ResourceProperties:
        """One core for each node unless they say more. InvalidInput names the property, also one that is misspelt.

        Names that mean nothing here are left to other computes.
        """
        own = _own(properties)
        _check_names(properties)
        memory = properties.get("memory_bytes", properties.get("memory", 0))
        return cls(
            Resources(
                cpus=nodes * _number(properties.get("cpus", 1), f"{FIELD}.cpus"),
                memory_bytes=nodes * size_bytes(memory, f"{FIELD}.memory_bytes"),
                gpus=nodes * int(_number(properties.get("gpus", 0), f"{FIELD}.gpus")),
            ),
            warm=_truth(own.get("warm", False)),
            warm_imports=_modules(own["warm_imports"]) if own.get("warm_imports") is not None else None,
        )


def size_bytes(value: Any, field: str) -> int:
    """A number of bytes, or a text such as `2g`."""
    try:
        return byte_count(value)
    except ValueError as error:
        mend = "write bytes, or a number with k, m, g or t"
        raise InvalidInput(f"{error}.", field=field, mend=mend) from error


def _own(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Our own properties, written as `modelyard.warm: true` or as `modelyard: {warm: true}`."""
    nested = properties.get("modelyard") or {}
    if not isinstance(nested, Mapping):
        raise InvalidInput("It is not a mapping.", field=f"{FIELD}.modelyard", mend="write modelyard.warm: true")
    flat = {name.removeprefix(_OWN): value for name, value in properties.items() if name.startswith(_OWN)}
    own = {**nested, **flat}
    for name in own:
        if name not in _OWN_NAMES:
            near = did_you_mean(name, _OWN_NAMES) or f"known are {' and '.join(_OWN_NAMES)}"
            raise InvalidInput(f"There is no '{_OWN}{name[:100]}'.", field=f"{FIELD}.{_OWN}{name[:100]}", mend=near)
    return own


def _check_names(properties: Mapping[str, Any]) -> None:
    for name in properties:
        word = name.lower()
        if name in _AMOUNTS or word.partition(".")[0] == "modelyard":
            continue
        other = _OTHER_WORDS.get(word)
        near = f"did you mean '{other}'?" if other else did_you_mean(word, _AMOUNTS)
        if near:
            field = f"{FIELD}.{name[:100]}"
            raise InvalidInput(f"'{name[:100]}' would reserve nothing on a local compute.", field=field, mend=near)


def _number(value: Any, field: str) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = -1
    if not 0 <= number < 1e6:
        raise InvalidInput(f"'{value}' is not an amount.", field=field, mend="write a number")
    return number


def _truth(value: Any) -> bool:
    known = {"true": True, "false": False}
    if str(value).lower() not in known:
        raise InvalidInput(f"'{value}' is neither true nor false.", field=f"{FIELD}.{_OWN}warm", mend="write true")
    return known[str(value).lower()]


def _modules(value: Any) -> tuple[str, ...]:
    given = value.split(",") if isinstance(value, str) else value
    names = [str(one).strip() for one in given] if isinstance(given, list | tuple) else [""]
    for name in names:
        if not _MODULE.match(name):
            raise InvalidInput(
                f"'{name[:100]}' is no name of a module.",
                field=f"{FIELD}.{_OWN}warm_imports",
                mend="write a list such as [pandas, sklearn.ensemble]",
            )
    return tuple(dict.fromkeys(names))
