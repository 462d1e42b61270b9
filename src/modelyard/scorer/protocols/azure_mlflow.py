"""Azure ML's form for MLflow models: `{"input_data": ..., "params": {...}}`, answered by the bare predictions."""

from __future__ import annotations

from typing import Any

from modelyard.domain.errors import InvalidInput
from modelyard.scorer.features import Features, tensor
from modelyard.scorer.predictions import dump, plain
from modelyard.scorer.protocol import Body, Call, ScoringProtocol
from modelyard.scorer.signature import Signature
from modelyard.scorer.tables import from_rows, from_split

_KEYS = frozenset({"input_data", "params"})


class AzureMlflow(ScoringProtocol):
    name = "azure-mlflow"
    form = '{"input_data": {"columns": [...], "data": [[...]]}}'

    def claims(self, body: Body) -> bool:
        return "input_data" in body.keys() or (body.is_json and isinstance(body.json, list))  # noqa: SIM118

    def request(self, names: list[str], rows: list[list[Any]]) -> tuple[str, str, bytes]:
        return "/score", "application/json", dump({"input_data": {"columns": names, "data": rows}})

    def decode(self, body: Body, signature: Signature | None) -> Call:
        document = body.json if isinstance(body.json, dict) else {"input_data": body.json}
        unknown = sorted(document.keys() - _KEYS)
        if unknown:
            raise InvalidInput(f"Unknown key '{unknown[0]}' beside 'input_data'.", field=unknown[0])
        params = document.get("params")
        if params is not None and not isinstance(params, dict):
            raise InvalidInput("'params' is not an object.", field="params")
        return Call(_features(document["input_data"], signature), params)

    def encode(self, predictions: Any, call: Call) -> bytes:
        return dump(plain(predictions))


def _features(data: Any, signature: Signature | None) -> Features:
    if signature is not None and signature.tensors:
        return _tensors(data, signature)
    if isinstance(data, dict):
        return Features(from_split(data, "input_data"), signature)
    if signature is None:
        return Features(None, None, tensors=tensor(data, None, "input_data"))
    return Features(from_rows(data, "input_data"), signature)


def _tensors(data: Any, signature: Signature) -> Features:
    dtypes = {spec.name: spec.dtype for spec in signature.tensors}
    if not isinstance(data, dict):
        if len(signature.tensors) > 1:
            raise InvalidInput("The model takes several tensors by name.", field="input_data")
        return Features(None, signature, tensors=tensor(data, signature.tensors[0].dtype, "input_data"))
    if set(data) == {"columns", "data"} or set(data) == {"columns", "index", "data"}:
        return Features(None, signature, tensors=tensor(data["data"], signature.tensors[0].dtype, "input_data.data"))
    missing = [name for name in dtypes if name not in data]
    if missing:
        raise InvalidInput(f"Missing tensor '{missing[0]}'.", field=missing[0])
    named = {str(name): tensor(data[name], dtype, f"input_data.{name}") for name, dtype in dtypes.items()}
    return Features(None, signature, tensors=named)
