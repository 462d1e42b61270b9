"""JSON schema of each kind, for editors: fields with their descriptions, and the words of each enumeration.

Descriptions are the texts below the fields in the classes. They are read from the source when a schema is
asked for, because reading them at import would slow every start.
"""

from __future__ import annotations

import ast
import inspect
import json
import sys
import textwrap
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from modelyard.domain.entity import Part
from modelyard.domain.errors import NotFound, did_you_mean
from modelyard.domain.families import members
from modelyard.kinds.catalogue import NOUNS, job_kinds, kind_names

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema(kind: str) -> dict[str, Any]:
    """The schema of `kind`; NotFound names the nearest kind. A family is `oneOf` its members."""
    jobs = {f"{name}-job": model for name, model in job_kinds().items()}
    base: type[Part] | None = jobs.get(kind) or (NOUNS.get(kind) if kind != "job" else None)
    if base is None:
        raise NotFound(f"there is no schema '{kind[:60]}'", mend=did_you_mean(kind, kind_names()) or _listed())
    models = _models(base)
    body = _one(models[0]) if len(models) == 1 else _family(base, models)
    return {"$schema": DIALECT, "title": kind, **{key: value for key, value in body.items() if key != "title"}}


def _listed() -> str:
    return f"one of {', '.join(kind_names())}"


def _models(base: type[Part]) -> list[type[Part]]:
    if base.own_type() is not None:
        return base.variants() or [base]
    by_type = members(base) if "type" in base.model_fields else []
    return by_type or base.__subclasses__() or [base]


def _one(model: type[Part]) -> dict[str, Any]:
    body = model.model_json_schema(schema_generator=_Described)
    body.setdefault("properties", {})["$schema"] = {"type": "string"}
    return body


def _family(base: type[Part], models: list[type[Part]]) -> dict[str, Any]:
    definitions: dict[str, Any] = {}
    for model in models:
        body = _one(model)
        definitions |= body.pop("$defs", {})
        definitions[model.__name__] = body
    choices = [{"$ref": f"#/$defs/{model.__name__}"} for model in models]
    return {"description": inspect.getdoc(base) or "", "anyOf": choices, "$defs": definitions}


class _Described(GenerateJsonSchema):
    """Adds field descriptions, and drops the titles that only repeat the names."""

    def model_schema(self, schema: Any) -> Any:
        body = super().model_schema(schema)
        texts = _texts(schema["cls"])
        target = self.resolve_ref_schema(body)
        target.pop("title", None)
        for name, field in target.get("properties", {}).items():
            field.pop("title", None)
            if name in texts:
                field["description"] = texts[name]
        return body

    def nullable_schema(self, schema: Any) -> Any:
        """Nobody writes null: a field that may be left out has the schema of its value."""
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: Any) -> Any:
        body = super().default_schema(schema)
        if body.get("default", ...) is None:
            del body["default"]
        return body


@cache
def _texts(model: type[BaseModel]) -> dict[str, str]:
    """The text below each field, of the class and the classes it is made from."""
    found: dict[str, str] = {}
    for owner in reversed(model.__mro__):
        # A generic class with its argument has no source of its own; the generic one is among its bases.
        if issubclass(owner, Part) and owner.__pydantic_generic_metadata__["origin"] is None:
            found |= _own_texts(owner)
    return found


@cache
def _own_texts(owner: type[Part]) -> dict[str, str]:
    body = ast.parse(textwrap.dedent(inspect.getsource(owner))).body[0]
    if not isinstance(body, ast.ClassDef):
        return {}
    found: dict[str, str] = {}
    for field, below in zip(body.body, body.body[1:], strict=False):
        if not isinstance(field, ast.AnnAssign) or not isinstance(field.target, ast.Name):
            continue
        if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant) and isinstance(below.value.value, str):
            found[field.target.id] = inspect.cleandoc(below.value.value)
    return found


def write(folder: Path) -> None:
    """One file for each kind, as they are committed and published."""
    folder.mkdir(parents=True, exist_ok=True)
    for kind in kind_names():
        (folder / f"{kind}.schema.json").write_text(json.dumps(schema(kind), indent=2) + "\n")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
