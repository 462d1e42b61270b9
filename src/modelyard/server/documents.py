"""The OpenAPI document: what FastAPI derives, with our entities in it and without what we never answer."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Body, FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from modelyard.kinds.catalogue import kind_names
from modelyard.kinds.schemas import schema

# A body that the catalogue of kinds reads, so that its errors are the same as for YAML.
JsonObject = Annotated[dict[str, Any], Body()]
_DEFINITIONS = "#/$defs/"
_COMPONENTS = "#/components/schemas/"


class ErrorDetail(BaseModel):
    code: str
    message: str
    field: str | None = None
    mend: str | None = None
    file: str | None = None
    line: int | None = None
    details: list[dict[str, Any]] | None = None


class ErrorBody(BaseModel):
    error: ErrorDetail


REFUSALS: dict[int | str, dict[str, Any]] = {"4XX": {"model": ErrorBody}, "5XX": {"model": ErrorBody}}


def takes(*kinds: str) -> dict[str, Any]:
    """`openapi_extra` of a route whose body is one of these kinds."""
    return {"requestBody": {"required": True, "content": _json(_one_of(kinds))}}


def gives(*kinds: str) -> dict[int | str, dict[str, Any]]:
    """`responses` of a route that answers one of these kinds."""
    return {200: {"content": _json(_one_of(kinds))}}


def gives_new(*kinds: str) -> dict[int | str, dict[str, Any]]:
    """`responses` of a route that answers what it created."""
    return {201: {"content": _json(_one_of(kinds))}}


def gives_page(*kinds: str) -> dict[int | str, dict[str, Any]]:
    """`responses` of a list of these kinds."""
    token = {"anyOf": [{"type": "string"}, {"type": "null"}]}
    properties = {"value": {"type": "array", "items": _one_of(kinds)}, "next_page_token": token}
    return {200: {"content": _json({"type": "object", "required": list(properties), "properties": properties})}}


def document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document of `app`; made once."""
    if not app.openapi_schema:
        made = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
        components = made.setdefault("components", {}).setdefault("schemas", {})
        for name in ("HTTPValidationError", "ValidationError"):
            components.pop(name, None)
        components |= _entities()
        for operations in made["paths"].values():
            for operation in operations.values():
                operation["responses"].pop("422", None)
        made["components"]["schemas"] = dict(sorted(components.items()))
        app.openapi_schema = made
    return app.openapi_schema


def component_name(kind: str) -> str:
    """`command-job` is `CommandJob`."""
    return "".join(word.capitalize() for word in kind.split("-"))


def _entities() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for kind in kind_names():
        body = _rebased(schema(kind))
        found |= body.pop("$defs", {})
        found[component_name(kind)] = {key: value for key, value in body.items() if key not in ("$schema", "title")}
    return found


def _rebased(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rebased(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_rebased(item) for item in value]
    if isinstance(value, str) and value.startswith(_DEFINITIONS):
        return _COMPONENTS + value.removeprefix(_DEFINITIONS)
    return value


def _one_of(kinds: tuple[str, ...]) -> dict[str, Any]:
    references = [{"$ref": _COMPONENTS + component_name(kind)} for kind in kinds]
    return references[0] if len(references) == 1 else {"anyOf": references}


def _json(body: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": body}}
