from pathlib import Path

import httpx
import pytest

from modelyard.client.connection import Connection
from modelyard.client.home import Home
from modelyard.client.transport import Transport
from modelyard.client.wire_errors import AnswerLost
from modelyard.domain.errors import (
    Conflict,
    InvalidInput,
    ModelyardError,
    NotFound,
    StorageFull,
    Unavailable,
)

from .wire import transport_over


class Flaky:
    """Fails with the given errors, one a request, then answers."""

    def __init__(self, *failures: Exception | int) -> None:
        self.failures = list(failures)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if self.failures:
            failure = self.failures.pop(0)
            if isinstance(failure, Exception):
                raise failure
            return httpx.Response(failure, json={"error": {"code": "unavailable", "message": "busy"}})
        return httpx.Response(200, json={"done": True})


@pytest.mark.parametrize("failure", [httpx.ConnectError("refused"), httpx.ReadError("reset"), 503])
def test_a_read_is_tried_again(failure: Exception | int) -> None:
    server = Flaky(failure, failure)
    assert transport_over(server).get("/x") == {"done": True}
    assert len(server.requests) == 3


def test_a_write_that_was_not_sent_is_tried_again() -> None:
    server = Flaky(httpx.ConnectError("refused"))
    assert transport_over(server).request("POST", "/x", json={}) == {"done": True}


def test_a_write_whose_answer_was_lost_is_not_repeated() -> None:
    server = Flaky(httpx.ReadError("reset"))
    with pytest.raises(AnswerLost, match="broke off before it answered: reset"):
        transport_over(server).request("POST", "/x", json={})
    assert len(server.requests) == 1


def test_a_server_that_is_not_there_is_named_with_the_mend() -> None:
    with pytest.raises(Unavailable, match=r"No answer from http://127.0.0.1:1: refused") as caught:
        transport_over(Flaky(*[httpx.ConnectError("refused")] * 9)).get("/x")
    assert "modelyard up" in str(caught.value.mend)


def test_every_request_carries_the_token_and_no_empty_parameter() -> None:
    server = Flaky()
    transport_over(server).get("/x", {"a": 1, "b": None, "tag": ["p", "q"]})
    assert server.requests[0].headers["authorization"] == "Bearer token"
    assert server.requests[0].url.query == b"a=1&tag=p&tag=q"


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (404, "not_found", NotFound),
        (400, "invalid_input", InvalidInput),
        (409, "conflict", Conflict),
        (507, "storage_full", StorageFull),
        (409, "a code of the future", Conflict),
        (500, "internal", ModelyardError),
    ],
)
def test_a_refusal_is_raised_as_its_own_class(status: int, code: str, kind: type[ModelyardError]) -> None:
    error = {"code": code, "message": "no", "field": "name", "mend": "other", "details": [{"message": "a"}]}
    with pytest.raises(kind) as caught:
        transport_over(lambda _: httpx.Response(status, json={"error": error})).get("/x")
    assert (caught.value.message, caught.value.field, caught.value.mend) == ("no", "name", "other")
    assert caught.value.details == [{"message": "a"}]


def test_an_answer_that_is_not_ours_is_still_an_error() -> None:
    with pytest.raises(ModelyardError, match="502: <html>bad gateway"):
        transport_over(lambda _: httpx.Response(502, text="<html>bad gateway</html>")).get("/x")


@pytest.mark.parametrize(("url", "verified"), [("https://yard.example", True), ("http://127.0.0.1:1", False)])
def test_certificates_are_checked_wherever_there_are_any(
    url: str, verified: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, object] = {}

    class Client(httpx.Client):
        def __init__(self, **options: object) -> None:
            seen.update(options)
            super().__init__(transport=httpx.MockTransport(Flaky()))

    monkeypatch.setattr("modelyard.client.transport.httpx.Client", Client)
    Transport(Connection(url, "t", "default", Home(Path("/nonexistent")))).close()
    assert seen["verify"] is verified
