"""The API's description: committed, whole, with names that generated clients can rely on."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from modelyard.server.published import published

COMMITTED = Path(__file__).parents[3] / "docs" / "reference" / "openapi.json"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(published())
    return found


def test_the_committed_document_is_the_present_one() -> None:
    assert COMMITTED.read_text() == published(), "run `make openapi` and commit docs/reference/openapi.json"


def operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document["paths"].values():
        yield from path.values()


def test_operation_ids_are_distinct_words(document: dict[str, Any]) -> None:
    ids = [operation["operationId"] for operation in operations(document)]
    assert len(ids) == len(set(ids))
    assert [name for name in ids if not re.fullmatch(r"[a-z][a-z0-9_]+", name)] == []


def test_no_schema_is_doubled(document: dict[str, Any]) -> None:
    names = document["components"]["schemas"]
    assert [name for name in names if name.endswith(("-Input", "-Output"))] == []


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    wanted = set(re.findall(r'"\$ref": "#/components/schemas/([^"]+)"', json.dumps(document)))
    assert wanted <= set(document["components"]["schemas"])
    assert {"CommandJob", "Data", "Environment", "Datastore", "Workspace", "ErrorBody"} <= wanted


def test_every_route_says_what_it_does(document: dict[str, Any]) -> None:
    silent = [operation["operationId"] for operation in operations(document) if not operation.get("description")]
    assert silent == []


def test_every_operation_but_the_open_ones_needs_a_token(document: dict[str, Any]) -> None:
    free = {operation["operationId"] for operation in operations(document) if not operation.get("security")}
    assert free == {"health", "login"}


def test_it_is_served_behind_a_token(client: TestClient, document: dict[str, Any]) -> None:
    assert client.get("/openapi.json").json() == document
    assert TestClient(client.app).get("/openapi.json").status_code == 401


def test_schemas_are_served_by_kind(client: TestClient) -> None:
    assert client.get("/api/v1/schemas/command-job").json()["title"] == "command-job"
    missing = client.get("/api/v1/schemas/comand-job")
    assert missing.status_code == 404
    assert "command-job" in missing.json()["error"]["mend"]
