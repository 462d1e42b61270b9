"""The common part of MLflow's search language: comparisons joined by AND, and orderings.

What it does not read (IN lists, datasets, odd quoting, mistakes) raises NotCommon; MLflow then answers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class NotCommon(Exception):
    """A clause for MLflow's own parser."""


class Entity(StrEnum):
    METRIC = "metric"
    PARAM = "parameter"
    TAG = "tag"
    ATTRIBUTE = "attribute"


@dataclass(frozen=True, slots=True)
class Comparison:
    entity: Entity
    key: str
    operator: str
    value: str | float | int


@dataclass(frozen=True, slots=True)
class Ordering:
    entity: Entity
    key: str
    ascending: bool


NUMERIC_ATTRIBUTES = frozenset({"start_time", "end_time"})
_STRING_ATTRIBUTES = frozenset({"status", "run_name", "run_id", "artifact_uri", "user_id"})
_ORDERED_ATTRIBUTES = NUMERIC_ATTRIBUTES | frozenset({"status", "run_name", "run_id", "artifact_uri", "user_id"})
_ENTITIES = {
    name: entity
    for entity, names in (
        (Entity.METRIC, ("metric", "metrics")),
        (Entity.PARAM, ("param", "params", "parameter", "parameters")),
        (Entity.TAG, ("tag", "tags")),
        (Entity.ATTRIBUTE, ("attr", "attribute", "attributes", "run")),
    )
    for name in names
}
_NUMERIC_OPERATORS = frozenset({">", ">=", "!=", "=", "<", "<="})
_TEXT_OPERATORS = frozenset({"!=", "=", "LIKE", "ILIKE"})
_KEY = r"(?:(?P<entity>[A-Za-z]+)\.)?(?:(?P<bare>[A-Za-z_][\w.]*)|`(?P<ticked>[^`]+)`|\"(?P<quoted>[^\"]+)\")"
_COMPARISON = re.compile(
    rf"\s*{_KEY}\s*(?P<operator>>=|<=|!=|=|<|>|\b(?:I?LIKE)\b)\s*"
    r"(?:(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|'(?P<single>[^'\\]*)'|\"(?P<double>[^\"\\]*)\")\s*",
    re.IGNORECASE,
)
_AND = re.compile(r"AND\s", re.IGNORECASE)
_ORDERING = re.compile(rf"\s*{_KEY}(?:\s+(?P<direction>ASC|DESC))?\s*", re.IGNORECASE)


def parse_filter(text: str) -> list[Comparison]:
    """The comparisons of a filter, all of which must hold."""
    found: list[Comparison] = []
    place = 0
    while text[place:].strip():
        if found:
            joint = _AND.match(text, place)
            if joint is None:
                raise NotCommon(text)
            place = joint.end()
        match = _COMPARISON.match(text, place)
        if match is None:
            raise NotCommon(text)
        found.append(_comparison(match))
        place = match.end()
    return found


def parse_ordering(text: str) -> Ordering:
    """One clause of `order_by`; ascending unless it says DESC."""
    match = _ORDERING.fullmatch(text)
    if match is None:
        raise NotCommon(text)
    entity, key = _identifier(match)
    if entity is Entity.ATTRIBUTE and key not in _ORDERED_ATTRIBUTES:
        raise NotCommon(text)
    return Ordering(entity, key, (match["direction"] or "ASC").upper() == "ASC")


def _comparison(match: re.Match[str]) -> Comparison:
    entity, key = _identifier(match)
    operator = match["operator"].upper()
    number = match["number"]
    text = match["single"] if match["single"] is not None else match["double"]
    if entity is Entity.METRIC or (entity is Entity.ATTRIBUTE and key in NUMERIC_ATTRIBUTES):
        if number is None or operator not in _NUMERIC_OPERATORS:
            raise NotCommon(match[0])
        if entity is Entity.METRIC:
            return Comparison(entity, key, operator, float(number))
        if not number.isdigit():
            raise NotCommon(match[0])
        return Comparison(entity, key, operator, int(number))
    if (
        text is None
        or operator not in _TEXT_OPERATORS
        or (entity is Entity.ATTRIBUTE and key not in _STRING_ATTRIBUTES)
    ):
        raise NotCommon(match[0])
    return Comparison(entity, key, operator, text)


def _identifier(match: re.Match[str]) -> tuple[Entity, str]:
    key = match["bare"] or match["ticked"] or match["quoted"]
    if match["entity"] is None:
        return Entity.ATTRIBUTE, key
    entity = _ENTITIES.get(match["entity"])
    if entity is None:
        raise NotCommon(match[0])
    return entity, key
