"""The base of everything a user can write: strict on what is written, tolerant on what is stored."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal, Self, get_origin

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from modelyard.domain.choices import squash
from modelyard.domain.sources import SourceMapping, resolve_path
from modelyard.domain.validation import invalid_input

# How a mapping is read. No context is a user's text: unknown keys are errors, read-only ones are dropped.
STORED: dict[str, Any] = {"mode": "stored"}
_ASSIGNED: dict[str, Any] = {"mode": "assigned"}


def _scalar_text(value: Any) -> Any:
    return str(value) if isinstance(value, bool | int | float) else value


# YAML's scalars where the wire has text: `version: 1`, `tags: {round: 3}`.
Text = Annotated[str, BeforeValidator(_scalar_text), WithJsonSchema({"type": ["string", "number", "boolean"]})]


def read_only() -> Any:
    """A field that the platform fills: dropped when a user writes it, kept when it is stored."""
    return Field(default=None, json_schema_extra={"readOnly": True})


def problem(field: str, message: str, mend: str | None = None) -> dict[str, str]:
    """One finding of `Part.problems`."""
    return {"field": field, "message": message} | ({"mend": mend} if mend else {})


class Part(BaseModel):
    """A mapping inside an entity. Wrong values raise InvalidInput, from the constructor and on assignment."""

    # Validators are built when they are first used: most commands need a few of these classes.
    model_config = ConfigDict(
        extra="forbid", populate_by_name=True, protected_namespaces=(), allow_inf_nan=False, defer_build=True
    )

    # Fields whose value may be a path relative to the file it is written in.
    local_paths: ClassVar[tuple[str, ...]] = ()
    # Other words for the fixed `type` of this class.
    type_aliases: ClassVar[tuple[str, ...]] = ()

    # Fields that the SDK also takes without their names, in this order.
    positional: ClassVar[tuple[str, ...]] = ()

    def __init__(self, /, *given: Any, **values: Any) -> None:
        if len(given) > len(self.positional):
            raise TypeError(f"{type(self).__name__} takes its fields by name")
        values = dict(zip(self.positional, given, strict=False)) | values
        try:
            self.__pydantic_validator__.validate_python(values, self_instance=self)
        except ValidationError as error:
            raise invalid_input(error, type(self)) from None

    # Nested values are still built by pydantic-core itself, which keeps the location of their errors.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in type(self).model_fields:
            super().__setattr__(name, value)
            return
        try:
            self.__pydantic_validator__.validate_assignment(self, name, value, context=_ASSIGNED)
        except ValidationError as error:
            raise invalid_input(error, type(self)) from None

    @classmethod
    def read_only_fields(cls) -> frozenset[str]:
        return frozenset(
            name
            for name, field in cls.model_fields.items()
            if isinstance(field.json_schema_extra, dict) and field.json_schema_extra.get("readOnly")
        )

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """What a user wrote: unknown keys are InvalidInput, read-only keys are dropped."""
        return cls._read(values, None)

    @classmethod
    def from_stored(cls, values: Mapping[str, Any]) -> Self:
        """What was stored or sent by the server: unknown keys are ignored, read-only ones kept."""
        return cls._read(values, STORED)

    def to_dict(self) -> dict[str, Any]:
        """JSON types without None, under the names of the YAML: the REST body and the stored blob."""
        return self.model_dump(mode="json", exclude_none=True, by_alias=True)

    @classmethod
    def _read(cls, values: Mapping[str, Any], context: dict[str, Any] | None) -> Self:
        chosen = cls.choose(values)
        try:
            return chosen.model_validate(values, context=context)
        except ValidationError as error:
            raise invalid_input(error, chosen) from None

    @classmethod
    def choose(cls, values: Mapping[str, Any]) -> type[Self]:
        """The subclass that reads `values`; a family of kinds answers by their `type`."""
        return cls

    @classmethod
    def variants(cls) -> list[type[Part]]:
        """The classes that `choose` chooses from, where one kind has several; none elsewhere."""
        return []

    def problems(self) -> Iterable[dict[str, str]]:
        """Rules between fields, checked on what a user writes after each field is right by itself."""
        return ()

    @model_validator(mode="before")
    @classmethod
    def _read_mapping(cls, values: Any, info: ValidationInfo) -> Any:
        mode = (info.context or {}).get("mode")
        if mode == "assigned" or not isinstance(values, Mapping):
            return values
        known = cls._known_keys()
        if mode == "stored":
            open_ended = cls.model_config.get("extra") == "allow"
            kept = {key: value for key, value in values.items() if (key in known or open_ended) and value is not None}
            return cls._spelled(kept)
        dropped = cls.read_only_fields() | {"$schema"}
        kept = {key: value for key, value in values.items() if key not in dropped and value is not None}
        if isinstance(values, SourceMapping):
            kept |= {key: _resolved(kept[key], values) for key in cls.local_paths if key in kept}
        return cls._spelled(kept)

    @classmethod
    def _spelled(cls, values: dict[str, Any]) -> dict[str, Any]:
        """`values` with our own spelling of a fixed `type`."""
        own, given = cls.own_type(), values.get("type")
        if own is not None and isinstance(given, str):
            same = squash(given) in {squash(word) for word in (own, *cls.type_aliases)}
            values["type"] = own if same else given
        return values

    @classmethod
    def own_type(cls) -> str | None:
        """The one value of `type` in a class of a family; None elsewhere."""
        field = cls.model_fields.get("type")
        return field.default if field is not None and get_origin(field.annotation) is Literal else None

    @classmethod
    def _known_keys(cls) -> frozenset[str]:
        aliases = {field.alias for field in cls.model_fields.values() if field.alias}
        return frozenset(cls.model_fields) | aliases

    @model_validator(mode="after")
    def _check(self, info: ValidationInfo) -> Self:
        if (info.context or {}).get("mode") is None:
            found = list(self.problems())
            if found:
                raise PydanticCustomError("problems", "{text}", {"text": found[0]["message"], "problems": found})
        return self


def _resolved(value: Any, source: SourceMapping) -> Any:
    return resolve_path(value, source.folder) if isinstance(value, str) else value


class CreationContext(Part):
    """Who made a thing and when."""

    created_at: datetime | None = None
    created_by: str | None = None
    created_by_type: str | None = None
    last_modified_at: datetime | None = None
    last_modified_by: str | None = None
    last_modified_by_type: str | None = None


class Entity(Part):
    """A named thing of a workspace."""

    # The rule for `name`, and the rule in words.
    name_pattern: ClassVar[re.Pattern[str]] = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}")
    name_rule: ClassVar[str] = "letters, digits, '_', '-' and '.', at most 255, beginning with a letter or digit"

    name: str | None = None
    """Its name, unique among its kind in a workspace."""
    description: str | None = None
    """What it is, in the words of its owner."""
    tags: dict[str, Text] = Field(default_factory=dict)
    """Free labels; can be changed at any time."""
    properties: dict[str, Text] = Field(default_factory=dict)
    """Free facts, set once."""
    id: str | None = read_only()
    """The full reference of this thing."""
    creation_context: CreationContext | None = read_only()

    def problems(self) -> Iterable[dict[str, str]]:
        if self.name is not None and not self.name_pattern.fullmatch(self.name):
            yield problem("name", f"'{self.name[:60]}' is not a name here", f"use {self.name_rule}")
