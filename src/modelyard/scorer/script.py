"""A scoring script: `init()` once, `run(data)` per request, as Azure ML calls them.

`run` gets the body as text; with `@rawhttp` the request itself; with `@input_schema` keyword arguments from a JSON
object. It returns anything that has a JSON form, or an `AMLResponse`.
"""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import orjson

from modelyard.domain.errors import InvalidInput
from modelyard.kit.http_message import Request, Response, error_response
from modelyard.scorer.failure import describe
from modelyard.scorer.predictions import dump
from modelyard.scorer.shims.http_objects import AMLRequest, AMLResponse
from modelyard.scorer.shims.schema import SchemaMismatch, is_schema_decorated

_MODULE = "modelyard_scoring_script"
_HTML = b"text/html; charset=utf-8"


class ScriptError(Exception):
    """The script itself is not what it should be."""


class ScoringScript:
    """A loaded script. `call` may run in several threads, as many as the deployment allows at once."""

    def __init__(self, folder: Path, name: str) -> None:
        path = (folder / name).resolve()
        if not path.is_relative_to(folder.resolve()):
            raise ScriptError(f"the scoring script '{name}' is outside the code folder")
        if not path.is_file():
            there = ", ".join(sorted(one.name for one in folder.glob("*.py"))) or "no script"
            raise FileNotFoundError(f"the code folder has no '{name}': {there}")
        module = _import(path, folder)
        self._run = _function(module, "run", name)
        self._init = _function(module, "init", name)
        self._raw = getattr(self._run, "__rawhttp__", False)
        self._by_schema = is_schema_decorated(self._run)

    def init(self) -> None:
        self._init()

    @property
    def takes_any_method(self) -> bool:
        return bool(self._raw)

    def call(self, request: Request) -> Response:
        """The script's answer; what it raises becomes a 424 that says so, without its stack."""
        try:
            return _response(self._answer(request))
        except (InvalidInput, SchemaMismatch) as error:
            return error_response(400, "invalid_input", str(error), field=getattr(error, "field", None))

    def _answer(self, request: Request) -> Any:
        if self._raw:
            return self._run(AMLRequest(request))
        if not self._by_schema:
            return self._run(_text(request.body))
        try:
            arguments = orjson.loads(request.body)
        except orjson.JSONDecodeError as error:
            raise InvalidInput(f"The body is not JSON: {error}.") from error
        if not isinstance(arguments, dict):
            raise InvalidInput("The body is not a JSON object of the script's parameters.")
        return self._run(**{str(name): value for name, value in arguments.items()})


def failure_response(error: BaseException) -> Response:
    """424: the request reached the script, and the script failed."""
    told = describe(error)
    headers = [
        (b"x-ms-run-function-failed", b"True"),
        (b"ms-azureml-model-error-statuscode", b"500"),
        (b"ms-azureml-model-error-reason", told["type"].encode("ascii", "replace")),
    ]
    message = f"The scoring script failed: {told['type']}: {told['message']}"
    return error_response(424, "model_error", message, headers=headers, mend=told.get("hint"))


def _import(path: Path, folder: Path) -> ModuleType:
    for entry in (str(folder), str(path.parent)):
        if entry not in sys.path:
            sys.path.insert(0, entry)
    spec = importlib.util.spec_from_file_location(_MODULE, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[_MODULE] = module
    spec.loader.exec_module(module)
    return module


def _function(module: ModuleType, name: str, script: str) -> Callable[..., Any]:
    found = getattr(module, name, None)
    if not callable(found):
        raise ScriptError(f"{script} has no function '{name}'")
    if inspect.iscoroutinefunction(found):
        raise ScriptError(f"{script}: '{name}' is async; write a plain function")
    return found  # type: ignore[no-any-return]


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInput("The body is not UTF-8 text.", mend="decorate run() with @rawhttp to take bytes") from error


def _response(value: Any) -> Response:
    if isinstance(value, AMLResponse):
        return value.to_response()
    if callable(getattr(value, "get_data", None)) and hasattr(value, "status_code"):
        # A Flask response, which scripts written for Azure's own server may return.
        headers = [
            (key.encode(), text.encode()) for key, text in value.headers.items() if key.lower() != "content-length"
        ]
        kept = [pair for pair in headers if pair[0].lower() != b"content-type"]
        return Response(value.status_code, value.get_data(), (value.content_type or "").encode() or _HTML, kept)
    return Response(200, dump(value))
