"""`--set a.b.c=value`: changes to a document before it is read as an entity."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from modelyard.domain.errors import InvalidInput
from modelyard.domain.sources import SourceMapping
from modelyard.yamlio.positions import Position, Positions
from modelyard.yamlio.tree import Tree

# A step is a word, a quoted word (which may hold dots), or an index in brackets.
_STEP = re.compile(r"\"([^\"]+)\"|'([^']+)'|\[(\d+)\]|([^.\[\]\"']+)")


class Flags(dict[str, Any]):
    """Changes that a command's own options say: their problems are told as those of the options."""


def apply(
    values: SourceMapping, overrides: Iterable[str | Mapping[str, Any]], positions: Positions, folder: Path
) -> None:
    """Change `values` in place. InvalidInput for a path through a text or a missing list item."""
    for text, value, said in _pairs(overrides):
        path = _steps(text)
        _set(values, path, _sourced(value, folder), text)
        positions.mark(".".join(path), Position(said))


def _pairs(overrides: Iterable[str | Mapping[str, Any]]) -> Iterable[tuple[str, Any, str]]:
    """Path, value, and how its author said it."""
    for override in overrides:
        if isinstance(override, str):
            path, equals, value = override.partition("=")
            if not equals or not path.strip():
                raise InvalidInput(f"'{override[:100]}' is not an override", mend="write --set path.to.field=value")
            yield path.strip(), parse_value(value, path), f"--set {path.strip()}"
        elif isinstance(override, Flags):
            yield from ((path, value, f"--{_steps(path)[0].replace('_', '-')}") for path, value in override.items())
        else:
            yield from ((path, value, f"params_override {path}") for path, value in override.items())


def parse_value(text: str, path: str = "") -> Any:
    """A value as YAML reads a single scalar; lists and mappings in brackets; anything else is text."""
    stripped = text.strip()
    if stripped[:1] in ("[", "{", '"', "'"):
        try:
            return Tree().read_text(stripped, f"--set {path}", Path.cwd())
        except InvalidInput:
            return text
    loader = yaml.SafeLoader("")
    tag = loader.resolve(yaml.ScalarNode, stripped, (True, False))  # type: ignore[no-untyped-call]
    if tag in _TYPED:
        return loader.construct_object(yaml.ScalarNode(tag, stripped))
    return text


_TYPED = frozenset(f"tag:yaml.org,2002:{name}" for name in ("int", "float", "bool", "null"))


def _steps(text: str) -> list[str]:
    steps = ["".join(match.groups(default="")) for match in _STEP.finditer(text)]
    if not steps:
        raise InvalidInput(f"'{text[:100]}' is not a path", mend="write a.b.c, or a.0.b for an item of a list")
    return steps


def _set(values: SourceMapping, path: list[str], value: Any, text: str) -> None:
    target: Any = values
    for depth, step in enumerate(path[:-1]):
        reached = ".".join(path[: depth + 1])
        if isinstance(target, list):
            target = target[_index(target, step, text, append=False)]
        else:
            if target.get(step) is None:
                target[step] = SourceMapping({}, values.folder)
            target = target[step]
        if not isinstance(target, dict | list):
            raise InvalidInput(
                f"cannot set '{text}': '{reached}' is {target!r}, which has no fields",
                field=reached,
                mend=f"set '{reached}' itself, or write it as a mapping",
            )
    if isinstance(target, list):
        index = _index(target, path[-1], text, append=True)
        target[index : index + 1] = [value]
    else:
        target[path[-1]] = value


def _index(items: list[Any], step: str, text: str, *, append: bool) -> int:
    limit = len(items) + (1 if append else 0)
    if not step.isdigit() or int(step) >= limit:
        raise InvalidInput(
            f"cannot set '{text}': '{step}' is not an item of a list of {len(items)}",
            field=text,
            mend=f"use a number below {limit}",
        )
    return int(step)


def _sourced(value: Any, folder: Path) -> Any:
    if isinstance(value, Mapping):
        return SourceMapping({str(key): _sourced(item, folder) for key, item in value.items()}, folder)
    return [_sourced(item, folder) for item in value] if isinstance(value, list) else value
