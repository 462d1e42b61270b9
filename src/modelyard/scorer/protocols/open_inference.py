"""Open Inference Protocol v2 over REST: named tensors with shape and datatype, flat or nested data.

For a model with columns each input is one column of shape [n] or [n, 1], or one input is the whole [n, columns] table.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from modelyard.domain.errors import InvalidInput
from modelyard.scorer.features import Array, Features
from modelyard.scorer.predictions import dump, plain
from modelyard.scorer.protocol import Body, Call, ScoringProtocol
from modelyard.scorer.protocols.mlflow_json import is_open_inference
from modelyard.scorer.signature import Signature
from modelyard.scorer.tables import Table

_DTYPES = {
    "BOOL": "bool", "UINT8": "uint8", "UINT16": "uint16", "UINT32": "uint32", "UINT64": "uint64", "INT8": "int8",
    "INT16": "int16", "INT32": "int32", "INT64": "int64", "FP16": "float16", "FP32": "float32", "FP64": "float64",
    "BYTES": "object",
}  # fmt: skip
_NAMES = {np.dtype(dtype): name for name, dtype in _DTYPES.items()}


class OpenInference(ScoringProtocol):
    name = "open-inference-v2"
    form = '{"inputs": [{"name", "shape", "datatype", "data"}]}'

    def claims(self, body: Body) -> bool:
        return body.is_json and (body.path.startswith("/v2/") or is_open_inference(body))

    def request(self, names: list[str], rows: list[list[Any]]) -> tuple[str, str, bytes]:
        columns = [np.array(column) for column in zip(*rows, strict=True)]
        inputs = [
            {"name": name, "shape": [len(rows), 1], "datatype": _NAMES.get(one.dtype, "BYTES"), "data": one.tolist()}
            for name, one in zip(names, columns, strict=True)
        ]
        return "/v2/models/model/infer", "application/json", dump({"inputs": inputs})

    def decode(self, body: Body, signature: Signature | None) -> Call:
        document = body.json
        inputs = document.get("inputs") if isinstance(document, dict) else None
        if not isinstance(inputs, list) or not inputs:
            raise InvalidInput("'inputs' is missing or empty.", field="inputs", mend=f"send {self.form}")
        named = dict(_input(one, f"inputs[{number}]") for number, one in enumerate(inputs))
        notes = {"id": document.get("id"), "model": _model_name(body.path)}
        parameters = document.get("parameters")
        return Call(_features(named, signature), parameters if isinstance(parameters, dict) else None, notes)

    def encode(self, predictions: Any, call: Call) -> bytes:
        answer = {"model_name": call.notes["model"], "outputs": _outputs(predictions)}
        return dump(answer | ({"id": call.notes["id"]} if call.notes["id"] is not None else {}))


def _input(raw: Any, where: str) -> tuple[str, Array]:
    if not isinstance(raw, dict) or not {"name", "shape", "datatype", "data"} <= raw.keys():
        raise InvalidInput(f"'{where}' needs 'name', 'shape', 'datatype' and 'data'.", field=where)
    dtype = _DTYPES.get(str(raw["datatype"]))
    shape = raw["shape"]
    if dtype is None:
        raise InvalidInput(f"'{where}.datatype' is none of {', '.join(_DTYPES)}.", field=f"{where}.datatype")
    if not isinstance(shape, list) or not all(type(size) is int and size >= 0 for size in shape):
        raise InvalidInput(f"'{where}.shape' is not a list of sizes.", field=f"{where}.shape")
    try:
        array = np.array(raw["data"], dtype=dtype).ravel()
    except (ValueError, TypeError, OverflowError) as error:
        raise InvalidInput(f"'{where}.data' is not {raw['datatype']}: {error}.", field=f"{where}.data") from error
    if array.size != math.prod(shape):
        message = f"'{where}.data' has {array.size} values, and its shape says {math.prod(shape)}."
        raise InvalidInput(message, field=f"{where}.data")
    return str(raw["name"]), array.reshape(shape)


def _features(named: dict[str, Array], signature: Signature | None) -> Features:
    only = next(iter(named.values())) if len(named) == 1 else None
    if signature is not None and signature.tensors:
        wanted = [spec.name for spec in signature.tensors]
        if only is not None and len(wanted) == 1:
            return Features(None, signature, tensors=only if wanted[0] is None else {str(wanted[0]): only})
        missing = [name for name in wanted if name not in named]
        if missing:
            raise InvalidInput(f"Missing tensor '{missing[0]}'.", field=missing[0])
        return Features(None, signature, tensors={str(name): named[str(name)] for name in wanted})
    if only is not None and only.ndim == 2 and only.shape[1] != 1:
        names = signature.names if signature is not None and signature.named else None
        if names is not None and len(names) != only.shape[1]:
            raise InvalidInput(f"The model takes {len(names)} columns, not {only.shape[1]}.", field="inputs[0].shape")
        return Features(Table(names, rows=only.tolist()), signature)
    if only is not None and signature is None:
        return Features(None, None, tensors=only)
    lengths = {len(array) if array.ndim else 1 for array in named.values()}
    if len(lengths) != 1 or any(
        array.ndim > 2 or (array.ndim == 2 and array.shape[1] != 1) for array in named.values()
    ):
        raise InvalidInput("Columns must have one shape, [n] or [n, 1].", field="inputs")
    return Features(Table(list(named), columns=[array.ravel().tolist() for array in named.values()]), signature)


def _outputs(predictions: Any) -> list[dict[str, Any]]:
    if isinstance(predictions, dict):
        return [_output(str(name), value) for name, value in predictions.items()]
    if hasattr(predictions, "columns") and hasattr(predictions, "to_dict"):
        return [_output(str(name), predictions[name]) for name in predictions.columns]
    return [_output("predictions", predictions)]


def _output(name: str, value: Any) -> dict[str, Any]:
    array = np.asarray(plain(value))
    datatype = _NAMES.get(array.dtype, "BYTES")
    return {"name": name, "shape": list(array.shape), "datatype": datatype, "data": array.ravel().tolist()}


def _model_name(path: str) -> str:
    parts = path.split("/")
    return parts[3] if len(parts) > 3 and parts[2] == "models" else "model"
