"""Whatever comes in, what goes out is a 4xx that names the field and the mend."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from .conftest import Yard

COMPUTE = "/api/v1/workspaces/default/computes/bad"
JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nonsense",
        b'"text"',
        b"[]",
        b"null",
        b"12",
        b"\xff\xfe",
        b'{"a": "\xc3"}',
        b'{"type": "local", "description": "\\u0000"}',
        b'{"type": "local", "description": "\\ud800"}',
        b'{"type": "local", "tags": {"a\\u0000": "b"}}',
        b'{"type": NaN}',
        b'{"type": Infinity}',
        b'{"type": 1e999}',
        b'{"type": ' + b"9" * 5000 + b"}",
        b'{"type": "local", "idle": 99999999999999999999999}',
        b"[" * 50_000,
        b'{"a":' * 200 + b"1" + b"}" * 200,
    ],
    ids=repr,
)
def test_bad_json_is_a_bad_request(client: TestClient, body: bytes) -> None:
    answer = client.put(COMPUTE, content=body, headers=JSON)
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["code"] == "invalid_input"


def test_an_unknown_field_is_named_with_a_mend(client: TestClient) -> None:
    answer = client.put(COMPUTE, json={"type": "local", "descripton": "x"})
    error = answer.json()["error"]
    assert (answer.status_code, error["field"]) == (400, "descripton")
    assert "description" in error["mend"]


def test_an_unknown_query_parameter_is_named_with_a_mend(client: TestClient) -> None:
    error = client.get("/api/v1/workspaces", params={"page_sise": "3"}).json()["error"]
    assert error == {
        "code": "invalid_input",
        "message": "Unknown query parameter 'page_sise'.",
        "field": "page_sise",
        "mend": "did you mean 'page_size'?",
    }


@pytest.mark.parametrize(
    "query",
    [
        {"page_size": "0"},
        {"page_size": "1001"},
        {"page_size": "x"},
        {"page_size": "9" * 40},
        {"page_token": "garbage"},
        {"page_token": "WyJ4Il0"},
        {"page_token": "é"},
    ],
)
def test_bad_paging_is_refused(client: TestClient, query: dict[str, str]) -> None:
    answer = client.get("/api/v1/workspaces/default/data", params=query)
    assert answer.status_code == 400
    assert answer.json()["error"]["field"] in query


@pytest.mark.parametrize("name", ["a%00b", "a%0Ab", "%FF", "..%2F..%2Fetc", "%ED%A0%80", "x" * 5000])
def test_a_bad_name_is_refused(client: TestClient, name: str) -> None:
    for path in (f"/api/v1/workspaces/{name}", f"/api/v1/workspaces/default/data/{name}"):
        assert 400 <= client.get(path).status_code < 500, path


def test_a_large_body_is_refused(client: TestClient) -> None:
    answer = client.put(COMPUTE, content=b" " * (2 << 20), headers=JSON)
    assert answer.status_code == 413
    assert "MODELYARD_MAX_BODY_BYTES" in answer.json()["error"]["mend"]


def test_a_large_body_of_unknown_length_is_refused(client: TestClient) -> None:
    answer = client.put(COMPUTE, content=iter([b" " * 100_000] * 30), headers=JSON)
    assert answer.status_code == 413


def test_a_length_that_is_no_number_is_refused(client: TestClient) -> None:
    assert client.put(COMPUTE, content=b"{}", headers={**JSON, "Content-Length": "many"}).status_code == 400


def test_another_content_type_is_refused(client: TestClient) -> None:
    answer = client.put(COMPUTE, content=b"type=local", headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status_code in (400, 415)


@pytest.mark.parametrize(("path", "status"), [("/nowhere", 404), ("/api/v1/nowhere", 404), ("/health", 405)])
def test_what_is_not_there_answers_in_our_form(client: TestClient, path: str, status: int) -> None:
    answer = client.post(path)
    assert answer.status_code == status
    assert answer.json()["error"]["code"] in ("not_found", "method_not_allowed")


def test_another_name_in_the_body_is_refused(client: TestClient) -> None:
    answer = client.put(COMPUTE, json={"name": "other", "type": "local"})
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, "name")


def test_a_defect_answers_with_a_number_and_no_detail(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("the password is hunter2")

    monkeypatch.setattr("modelyard.services.workspaces.list_page", broken)
    answer = yard.client.get("/api/v1/workspaces")
    assert answer.status_code == 500
    assert "hunter2" not in answer.text
    assert answer.json()["error"]["mend"] == "see server.log for this number"


def test_every_answer_carries_the_security_headers(client: TestClient) -> None:
    for path in ("/health", "/nowhere", "/api/v1/info"):
        headers = client.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert "default-src 'self'" in headers["Content-Security-Policy"]
