"""Kinds that share a noun and are told apart by `type`: datastores, computes, endpoints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from modelyard.domain.choices import squash
from modelyard.domain.entity import Part
from modelyard.domain.errors import InvalidInput, did_you_mean

P = TypeVar("P", bound=Part)


def members(base: type[P]) -> list[type[P]]:
    """Every class below `base` that has a `type` of its own."""
    found: list[type[P]] = []
    for child in base.__subclasses__():
        if child.own_type() is not None:
            found.append(child)
        found += members(child)
    return found


def member_of(base: type[P], values: Mapping[str, Any], *, noun: str, default: str | None = None) -> type[P]:
    """The class that reads `values`, by its `type` in any spelling; InvalidInput names the known types."""
    if base.own_type() is not None:
        return base
    given = values.get("type", default)
    known = {squash(str(member.own_type())): member for member in members(base)}
    names = [str(member.own_type()) for member in known.values()]
    if not isinstance(given, str):
        raise InvalidInput(f"a {noun} needs a type", field="type", mend=f"one of {', '.join(names)}")
    chosen = known.get(squash(given))
    if chosen is None:
        near = did_you_mean(given, names) or f"one of {', '.join(names)}"
        raise InvalidInput(f"unknown {noun} type '{given[:60]}'", field="type", mend=near)
    return chosen
