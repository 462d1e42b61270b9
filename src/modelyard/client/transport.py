"""HTTP to one server: authentication, retries, errors. Nothing here knows a noun."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self

import httpx

from modelyard.client.connection import Connection
from modelyard.client.wire_errors import AnswerLost, from_response, raise_for_error
from modelyard.domain.errors import Unavailable

API = "/api/v1"
_IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE"})
_BACKOFF_SECONDS = (0.05, 0.15, 0.4, 0.8)
_TIMEOUT = httpx.Timeout(60.0, connect=5.0)
# The request never reached the server: any method may be sent again.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class Transport:
    """A pooled HTTP client bound to one server. Usable from any thread; close it when done.

    A connection that cannot be made is tried again for about a second; a broken answer is tried again only for
    methods that may be repeated, else it is AnswerLost. Refusals raise the domain's error family.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        handler: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.connection = connection
        self._sleep = sleep
        # Environment proxies are for the outside; a server on loopback must not be looked for through one.
        self._http = httpx.Client(
            base_url=connection.server_url,
            headers={"Authorization": f"Bearer {connection.token}", "User-Agent": "modelyard-client"},
            timeout=_TIMEOUT,
            limits=httpx.Limits(max_connections=32, max_keepalive_connections=16),
            transport=handler,
            # Reading the certificate authorities takes longer than a call; over plain http none is looked at.
            verify=connection.server_url.startswith("https://"),
            trust_env=not connection.server_url.startswith(("http://127.", "http://localhost", "http://[::1]")),
        )

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        return self.request("GET", path, params=params)

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Send `json` and return the JSON of the answer, None for an empty one."""
        response = self.send(method, path, params=params, json=json, headers=headers)
        return response.json() if response.content else None

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """The whole answer of one call, read into memory. `content`, when given, is bytes so that it can be resent."""
        options["params"] = _without_none(options.get("params"))
        response = self._attempt(method, lambda: self._http.request(method, path, **options))
        raise_for_error(response)
        return response

    @contextmanager
    def stream(self, path: str, **options: Any) -> Iterator[httpx.Response]:
        """A GET whose body is read as it comes; connecting is retried, reading is the caller's to resume."""
        options["params"] = _without_none(options.get("params"))
        request = self._http.build_request("GET", path, **options)
        response = self._attempt("GET", lambda: self._http.send(request, stream=True))
        try:
            if response.status_code >= 400:
                response.read()
                raise from_response(response)
            yield response
        finally:
            response.close()

    def put_stream(self, path: str, content: Iterator[bytes], headers: Mapping[str, str]) -> httpx.Response:
        """One upload in chunks, never resent from here: the caller asks how far it came and goes on from there."""
        try:
            response = self._http.put(path, content=content, headers=dict(headers))
        except httpx.TransportError as error:
            raise AnswerLost(f"The upload broke off: {_reason(error)}.") from error
        raise_for_error(response)
        return response

    def pause(self, seconds: float) -> None:
        """Wait before something is tried again."""
        self._sleep(seconds)

    def _attempt(self, method: str, call: Callable[[], httpx.Response]) -> httpx.Response:
        for pause in (*_BACKOFF_SECONDS, None):
            try:
                response = call()
            except _NOT_SENT as error:
                if pause is None:
                    raise self._unreachable(error) from error
            except httpx.TransportError as error:
                if method not in _IDEMPOTENT or pause is None:
                    raise AnswerLost(
                        f"{self.connection.server_url} broke off before it answered: {_reason(error)}.",
                        mend="look whether it was done before you repeat it",
                    ) from error
            else:
                if response.status_code != 503 or pause is None:
                    return response
                response.close()
            self._sleep(pause or 0.0)
        raise AssertionError("the last attempt returns or raises")

    def _unreachable(self, error: Exception) -> Unavailable:
        return Unavailable(
            f"No answer from {self.connection.server_url}: {_reason(error)}.",
            mend="`modelyard status` shows what runs here, `modelyard up` starts it",
        )


def _without_none(params: Mapping[str, Any] | None) -> dict[str, Any]:
    return {key: value for key, value in (params or {}).items() if value is not None}


def _reason(error: Exception) -> str:
    return str(error).rstrip(".") or type(error).__name__
