"""The OpenAPI document of one deployment, made from its model's signature."""

from __future__ import annotations

from typing import Any

from modelyard.scorer.signature import ColumnSpec, Signature, TensorSpec

_JSON_TYPES: dict[str, dict[str, Any]] = {
    "double": {"type": "number", "format": "double", "nullable": True},
    "float": {"type": "number", "format": "float", "nullable": True},
    "long": {"type": "integer", "format": "int64"},
    "integer": {"type": "integer", "format": "int32"},
    "boolean": {"type": "boolean"},
    "string": {"type": "string", "nullable": True},
    "binary": {"type": "string", "format": "byte"},
    "datetime": {"type": "string", "format": "date-time"},
}
_SAMPLES: dict[str, Any] = {
    "double": 0.0, "float": 0.0, "long": 0, "integer": 0, "boolean": False, "string": "text", "binary": "",
    "datetime": "2026-01-01T00:00:00",
}  # fmt: skip


def describe_model(title: str, signature: Signature | None) -> dict[str, Any]:
    """What the model takes and gives, with a sample request that it would answer."""
    request: dict[str, Any] = {"type": "object", "required": ["input_data"]}
    request["properties"] = {"input_data": _input_schema(signature), "params": {"type": "object"}}
    sample = _sample(signature)
    if sample is not None:
        request["example"] = {"input_data": sample}
    outputs = signature.outputs if signature is not None else ()
    answer: dict[str, Any] = {"type": "array", "items": _output_schema(outputs)}
    return _document(title, request, answer)


def describe_script(title: str) -> dict[str, Any]:
    return _document(title, {}, {})


def _document(title: str, request: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    failure = {"description": "The request cannot be scored; the body says why."}
    score = {
        "operationId": "score",
        "requestBody": {"required": True, "content": {"application/json": {"schema": request}}},
        "responses": {
            "200": {"description": "Predictions", "content": {"application/json": {"schema": answer}}},
            **dict.fromkeys(("400", "401", "413", "424", "429", "504"), failure),
        },
    }
    return {
        "openapi": "3.0.3",
        "info": {"title": title, "version": "1"},
        "paths": {"/score": {"post": score}},
        "components": {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}},
        "security": [{"bearer": []}],
    }


def _input_schema(signature: Signature | None) -> dict[str, Any]:
    if signature is None or not signature.columns:
        return {}
    cells = [_JSON_TYPES.get(column.type, {}) for column in signature.columns]
    row = {"type": "array", "minItems": len(cells), "maxItems": len(cells), "items": _any_of(cells)}
    properties: dict[str, Any] = {"data": {"type": "array", "items": row}}
    if signature.named:
        properties["columns"] = {"type": "array", "items": {"type": "string", "enum": signature.names}}
    properties["index"] = {"type": "array"}
    return {"type": "object", "required": sorted(properties.keys() - {"index"}), "properties": properties}


def _sample(signature: Signature | None) -> Any:
    if signature is None or not signature.columns:
        return None
    row = [_SAMPLES.get(column.type) for column in signature.columns]
    return {"columns": signature.names, "data": [row]} if signature.named else {"data": [row]}


def _output_schema(outputs: tuple[ColumnSpec | TensorSpec, ...]) -> dict[str, Any]:
    columns = [one for one in outputs if isinstance(one, ColumnSpec)]
    if columns and all(column.name is not None for column in columns):
        return {"type": "object", "properties": {str(one.name): _JSON_TYPES.get(one.type, {}) for one in columns}}
    return {}


def _any_of(schemas: list[dict[str, Any]]) -> dict[str, Any]:
    distinct = [schema for number, schema in enumerate(schemas) if schema not in schemas[:number]]
    return distinct[0] if len(distinct) == 1 else {"anyOf": distinct}
