"""What `azureml.contrib.services` offers a scoring script: the request, the response, and `@rawhttp`.

Written from the documented behaviour, so that a script needs no web framework to run here.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import orjson

from modelyard.kit.http_message import JSON, Request, Response

F = TypeVar("F", bound=Callable[..., Any])


def rawhttp(function: F) -> F:
    """Marks `run` to take the whole request, of any method and content type."""
    function.__rawhttp__ = True  # type: ignore[attr-defined]
    return function


class HeaderView(dict[str, str]):
    """Headers by name, whatever the case."""

    def __getitem__(self, key: str) -> str:
        return super().__getitem__(key.lower())

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and super().__contains__(key.lower())

    def get(self, key: str, default: Any = None) -> Any:
        return super().get(key.lower(), default)


class AMLRequest:
    """One HTTP request, in the words of Flask's."""

    def __init__(self, request: Request) -> None:
        self.method = request.method
        self.path = request.path.decode("ascii", "replace")
        self.query_string = request.query
        self.full_path = f"{self.path}?{request.query.decode('ascii', 'replace')}"
        self.url = self.base_url = f"http://worker{self.path}"
        self.headers = HeaderView({name.decode("latin-1"): value.decode("latin-1") for name, value in request.headers})
        self.data = request.body
        self.content_type = self.headers.get("content-type")
        self.content_length = len(request.body)

    @property
    def args(self) -> dict[str, str]:
        return dict(parse_qsl(self.query_string.decode("ascii", "replace"), keep_blank_values=True))

    @property
    def json(self) -> Any:
        return self.get_json()

    def get_json(self, force: bool = False, silent: bool = False) -> Any:
        try:
            return orjson.loads(self.data)
        except orjson.JSONDecodeError:
            if silent:
                return None
            raise

    def get_data(self, cache: bool = True, as_text: bool = False) -> Any:
        return self.data.decode("utf-8") if as_text else self.data


class AMLResponse:
    """What a script returns to choose status, headers or bytes by itself."""

    def __init__(
        self,
        message: Any,
        status_code: int,
        response_headers: dict[str, str] | None = None,
        json_str: bool = False,
        run_function_failed: bool = False,
    ) -> None:
        self.status_code = int(status_code)
        self.run_function_failed = run_function_failed
        self.headers = dict(response_headers or {})
        self.content_type = JSON
        if message is None:
            self.data = b"{}"
        elif json_str:
            self.data = json.dumps(message).encode()
        else:
            self.data = message if isinstance(message, bytes) else str(message).encode()
            self.content_type = b"text/html; charset=utf-8"

    def to_response(self) -> Response:
        content_type = self.content_type
        headers = [(b"x-ms-run-function-failed", str(self.run_function_failed).encode())]
        for name, value in self.headers.items():
            if name.lower() == "content-type":
                content_type = str(value).encode("latin-1", "replace")
            elif name.lower() not in ("content-length", "transfer-encoding", "connection"):
                headers.append((name.lower().encode("latin-1", "replace"), str(value).encode("latin-1", "replace")))
        if self.status_code != 200:
            headers.append((b"ms-azureml-model-error-statuscode", b"%d" % self.status_code))
        return Response(self.status_code, self.data, content_type, headers)
