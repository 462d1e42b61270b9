"""One translation of pydantic's errors into ours, for constructors, YAML and REST bodies alike."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from modelyard.domain.errors import InvalidInput, did_you_mean


def field_path(location: Sequence[int | str]) -> str:
    """`inputs.data.path` for a pydantic location; tags of unions (`<uri>`) are left out."""
    return ".".join(str(part) for part in location if not (isinstance(part, str) and part.startswith("<")))


def invalid_input(error: ValidationError, model: type[BaseModel] | None = None) -> InvalidInput:
    """One InvalidInput that holds every problem in `details`: `{"field", "message", "mend"}`."""
    details = [detail for problem in error.errors(include_url=False) for detail in _details(problem, model)]
    first = details[0]
    message = first["message"] if len(details) == 1 else f"{len(details)} problems; the first: {first['message']}"
    return InvalidInput(message, field=first["field"] or None, mend=first.get("mend"), details=details)


def _details(problem: Any, model: type[BaseModel] | None) -> list[dict[str, Any]]:
    location = problem["loc"]
    context = problem.get("ctx") or {}
    prefix = field_path(location)
    if problem["type"] == "problems":
        return [_joined(prefix, item) for item in context["problems"]]
    if problem["type"] == "union_tag_invalid":
        context["known"] = _known_types(model, location) if model is not None else []
    detail: dict[str, Any] = {"field": prefix, "message": _message(problem, prefix, context)}
    mend = _mend(problem, location, context, model)
    if mend:
        detail["mend"] = mend
    return [detail]


def _joined(prefix: str, item: dict[str, str]) -> dict[str, Any]:
    field = ".".join(part for part in (prefix, item.get("field", "")) if part)
    return {**item, "field": field}


def _message(problem: Any, field: str, context: dict[str, Any]) -> str:
    kind = problem["type"]
    last = field.rsplit(".", 1)[-1]
    if kind == "extra_forbidden":
        return f"unknown field '{last[:80]}'"
    if kind == "missing":
        return f"'{last}' is required"
    if kind == "union_tag_invalid":
        known = ", ".join(context["known"]) or _bare(context["expected_tags"]).replace("'", "")
        return f"unknown type '{_bare(context['tag'])}'; known: {known}"
    if kind == "union_tag_not_found":
        return f"'{last}' must be a mapping with a 'type'"
    wanted = next((words for start, words in _WANTED if kind.startswith(start)), None)
    if wanted is None:
        text = str(problem["msg"]).removeprefix("Value error, ")
        return f"{text[:1].lower()}{text[1:]}{_shown(problem, last)}"
    return f"'{last}' must be {wanted.format(**context)}{_shown(problem, last)}"


# By the beginning of pydantic's error type.
_WANTED = (
    ("int_", "a whole number"),
    ("float_", "a number"),
    ("finite_number", "a finite number"),
    ("bool_", "true or false"),
    ("string_type", "text"),
    ("string_sub_type", "text"),
    ("dict_", "a mapping"),
    ("mapping_", "a mapping"),
    ("model_", "a mapping"),
    ("list_", "a list"),
    ("greater_than_equal", "at least {ge}"),
    ("greater_than", "more than {gt}"),
    ("less_than_equal", "at most {le}"),
    ("less_than", "less than {lt}"),
    ("enum", "one of {expected}"),
    ("literal_error", "{expected}"),
)
_SECRETS = re.compile(r"key|secret|password|token|certificate", re.IGNORECASE)


def _bare(tags: str) -> str:
    return tags.replace("<", "").replace(">", "")


def _shown(problem: Any, field: str) -> str:
    """What was given instead, unless it may be a secret or is too much to show."""
    value = problem.get("input")
    if problem["type"] == "value_error" or value is None or _SECRETS.search(field):
        return ""
    if isinstance(value, Mapping):
        return ", not a mapping"
    if isinstance(value, list | tuple):
        return ", not a list"
    if isinstance(value, BaseModel):
        return f", not a {type(value).__name__}"
    shown = repr(value)
    return f", not {shown if len(shown) <= 60 else shown[:57] + '...'}"


def _mend(problem: Any, location: Sequence[Any], context: dict[str, Any], model: type[BaseModel] | None) -> str | None:
    if problem["type"] == "extra_forbidden" and model is not None:
        return did_you_mean(str(location[-1]), _known_fields(model, location[:-1]))
    if problem["type"] == "enum" and isinstance(problem.get("input"), str):
        return did_you_mean(
            problem["input"], str(context["expected"]).replace("'", "").replace(" or ", ", ").split(", ")
        )
    if problem["type"] == "union_tag_invalid":
        return did_you_mean(_bare(context["tag"]), context["known"])
    return context.get("mend")


def _known_fields(model: type[BaseModel], location: Sequence[Any]) -> list[str]:
    """The writable fields of the model that stands at `location` below `model`; empty when it cannot be told."""
    names: list[str] = []
    for node in _nodes_at(model, location):
        names += [name for name, value in node.get("properties", {}).items() if not value.get("readOnly")]
    return names


def _known_types(model: type[BaseModel], location: Sequence[Any]) -> list[str]:
    """What `type` may be at `location`, in our spelling."""
    found = [node.get("properties", {}).get("type", {}).get("const") for node in _nodes_at(model, location)]
    return sorted(word for word in found if isinstance(word, str))


def _nodes_at(model: type[BaseModel], location: Sequence[Any]) -> list[dict[str, Any]]:
    """Every schema that may stand at `location` below `model`."""
    schema = model.model_json_schema()
    definitions = schema.get("$defs", {})
    nodes = [schema]
    for part in location:
        nodes = [child for node in _flat(nodes, definitions) for child in _children(node, part)]
    return _flat(nodes, definitions)


def _flat(nodes: list[dict[str, Any]], definitions: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    queue = list(nodes)
    while queue:
        node = queue.pop()
        if "$ref" in node:
            queue.append(definitions[node["$ref"].rsplit("/", 1)[-1]])
        queue += [*node.get("anyOf", []), *node.get("oneOf", []), *node.get("allOf", [])]
        found.append(node)
    return found


def _children(node: dict[str, Any], part: Any) -> list[dict[str, Any]]:
    if isinstance(part, str) and part.startswith("<"):
        return [node]
    if isinstance(part, int):
        items = node.get("items")
        return [items] if isinstance(items, dict) else []
    named = node.get("properties", {}).get(part)
    if named is not None:
        return [named]
    other = node.get("additionalProperties")
    return [other] if isinstance(other, dict) else []
