"""MLflow's JSON: `dataframe_split`, `dataframe_records`, `instances`, `inputs`; the answer: `{"predictions": ...}`."""

from __future__ import annotations

from typing import Any

from modelyard.domain.errors import InvalidInput
from modelyard.scorer.features import Features, tensor
from modelyard.scorer.predictions import dump, plain
from modelyard.scorer.protocol import Body, Call, ScoringProtocol
from modelyard.scorer.signature import Signature
from modelyard.scorer.tables import from_columns, from_records, from_rows, from_split

_FORMS = ("dataframe_split", "dataframe_records", "instances", "inputs")


class MlflowJson(ScoringProtocol):
    name = "mlflow"
    form = '{"dataframe_split": {...}}, or "dataframe_records", "instances", "inputs"'

    def claims(self, body: Body) -> bool:
        return not body.path.startswith("/v2/") and bool(body.keys() & set(_FORMS)) and not is_open_inference(body)

    def request(self, names: list[str], rows: list[list[Any]]) -> tuple[str, str, bytes]:
        return "/invocations", "application/json", dump({"dataframe_split": {"columns": names, "data": rows}})

    def decode(self, body: Body, signature: Signature | None) -> Call:
        document = body.json
        given = [form for form in _FORMS if form in document]
        if len(given) > 1:
            raise InvalidInput(f"The request holds both '{given[0]}' and '{given[1]}'.", field=given[1])
        unknown = sorted(document.keys() - {given[0], "params"})
        if unknown:
            raise InvalidInput(f"Unknown key '{unknown[0]}' beside '{given[0]}'.", field=unknown[0])
        return Call(_features(given[0], document[given[0]], signature), document.get("params"))

    def encode(self, predictions: Any, call: Call) -> bytes:
        return dump({"predictions": plain(predictions)})


def is_open_inference(body: Body) -> bool:
    """Open Inference says `inputs` too, but lists objects that carry their shape."""
    inputs = body.json.get("inputs") if isinstance(body.json, dict) else None
    return isinstance(inputs, list) and bool(inputs) and isinstance(inputs[0], dict) and "shape" in inputs[0]


def _features(form: str, value: Any, signature: Signature | None) -> Features:
    if form == "dataframe_split":
        return Features(from_split(value, form), signature)
    if form == "dataframe_records":
        return Features(from_records(value, form), signature)
    if signature is not None and signature.tensors:
        return _tensors(form, value, signature)
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return Features(from_records(value, form), signature)
    if isinstance(value, dict):
        return Features(from_columns(value, form), signature)
    if signature is None:
        return Features(None, None, tensors=tensor(value, None, form))
    return Features(from_rows(value, form), signature)


def _tensors(form: str, value: Any, signature: Signature) -> Features:
    """TensorFlow Serving's two forms: `instances` row by row, `inputs` tensor by tensor."""
    if form == "instances" and isinstance(value, list) and value and isinstance(value[0], dict):
        value = {name: [one.get(name) for one in value] for name in value[0]}
    if not isinstance(value, dict):
        return Features(None, signature, tensors=tensor(value, signature.tensors[0].dtype, form))
    missing = [spec.name for spec in signature.tensors if spec.name not in value]
    if missing:
        raise InvalidInput(f"Missing tensor '{missing[0]}'.", field=missing[0])
    named = {str(spec.name): tensor(value[spec.name], spec.dtype, f"{form}.{spec.name}") for spec in signature.tensors}
    return Features(None, signature, tensors=named)
