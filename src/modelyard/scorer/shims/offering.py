"""Makes the shims importable under the names that scoring scripts use, where the real packages are absent."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType
from typing import Any

from modelyard.scorer.shims import http_objects, schema

_HTTP: dict[str, Any] = {
    "AMLRequest": http_objects.AMLRequest,
    "AMLResponse": http_objects.AMLResponse,
    "rawhttp": http_objects.rawhttp,
}
_TYPES: dict[str, Any] = {
    "AbstractParameterType": schema.AbstractParameterType,
    "StandardPythonParameterType": schema.StandardPythonParameterType,
    "NumpyParameterType": schema.NumpyParameterType,
    "PandasParameterType": schema.PandasParameterType,
}
# The first two are the interface to the server that runs the script, so here they are always ours.
_ALWAYS: dict[str, dict[str, Any]] = {
    "azureml.contrib.services.aml_request": _HTTP,
    "azureml.contrib.services.aml_response": _HTTP,
    "azureml_inference_server_http.api.aml_request": _HTTP,
    "azureml_inference_server_http.api.aml_response": _HTTP,
}
_WHERE_ABSENT: dict[str, dict[str, Any]] = {
    "inference_schema.schema_decorators": {
        "input_schema": schema.input_schema,
        "output_schema": schema.output_schema,
    },
    "inference_schema.schema_util": {"is_schema_decorated": schema.is_schema_decorated},
    "inference_schema.parameter_types.abstract_parameter_type": _TYPES,
    "inference_schema.parameter_types.standard_py_parameter_type": _TYPES,
    "inference_schema.parameter_types.numpy_parameter_type": _TYPES,
    "inference_schema.parameter_types.pandas_parameter_type": _TYPES,
}


def offer_shims() -> None:
    """Put the modules into `sys.modules`. A real package keeps everything else it has."""
    for name, content in _ALWAYS.items():
        _offer(name, content)
    if importlib.util.find_spec("inference_schema") is None:
        for name, content in _WHERE_ABSENT.items():
            _offer(name, content)


def _offer(name: str, content: dict[str, Any]) -> None:
    parent, _, leaf = name.rpartition(".")
    if parent and parent not in sys.modules and not _exists(parent):
        _offer(parent, {"__path__": []})
    module = ModuleType(name)
    module.__dict__.update(content)
    sys.modules[name] = module
    if parent in sys.modules:
        setattr(sys.modules[parent], leaf, module)


def _exists(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False
