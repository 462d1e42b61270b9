"""Choosing among classes without guessing, so that an error speaks of one class only.

Tags are written `<tag>`: the translation of errors leaves them out of field paths.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import Discriminator

from modelyard.domain.choices import squash


def _mapping_or_text(value: Any) -> str:
    return "<text>" if isinstance(value, str) else "<mapping>"


# str | SomePart: a text is the reference, anything else must be the mapping.
MAPPING_OR_TEXT = Discriminator(_mapping_or_text)


def _mapping_or_literal(value: Any) -> str:
    return "<literal>" if isinstance(value, str | bool | int | float) else "<mapping>"


MAPPING_OR_LITERAL = Discriminator(_mapping_or_literal)


def by_type(default: str | None = None, aliases: Mapping[str, str] | None = None) -> Discriminator:
    """Choose by the field `type`, in any spelling; `default` when it is absent."""
    return Discriminator(_type_tag(default, aliases or {}))


def _type_tag(default: str | None, aliases: Mapping[str, str]) -> Callable[[Any], str | None]:
    def tag(value: Any) -> str | None:
        given = value.get("type") if isinstance(value, Mapping) else getattr(value, "type", None)
        if given is None:
            given = default
        if not isinstance(given, str):
            return None
        word = squash(given)
        return f"<{aliases.get(word, word)}>"

    return tag
