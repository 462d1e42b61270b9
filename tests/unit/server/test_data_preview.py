"""Preview and profile of data through the server."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from .conftest import Yard

BASE = "/api/v1/workspaces/default/data"
ROOT = "azureml://datastores/workspaceblobstore/paths"


@pytest.fixture(scope="module", autouse=True)
def tables(yard: Yard) -> None:
    store = yard.state.storage.managed("default", "workspaceblobstore")
    store.put_stream("p/rows.csv", [b"name,age\nann,30\nbob,\ncid,40\n"])
    store.put_stream("p/picture.png", [b"\x89PNG"])
    store.put_stream("t/MLTable", [b"paths: [{file: ./a.csv}]\ntransformations: [read_delimited]"])
    store.put_stream("t/a.csv", [b"a\n1\n"])
    store.put_stream("out/MLTable", [b"paths: [{file: ../p/rows.csv}]\ntransformations: [read_delimited]"])
    for name, path, kind in (
        ("people", "p/rows.csv", "uri_file"),
        ("picture", "p/picture.png", "uri_file"),
        ("table", "t", "mltable"),
        ("outside", "out", "mltable"),
    ):
        body = {"name": f"preview-{name}", "version": "1", "type": kind, "path": f"{ROOT}/{path}"}
        assert yard.client.post(BASE, json=body).status_code in (200, 201)


def test_the_first_rows(client: TestClient) -> None:
    found = client.get(f"{BASE}/preview-people/versions/1/preview", params={"rows": 2}).json()
    assert found["rows"] == [["ann", 30], ["bob", None]]
    assert [column["name"] for column in found["columns"]] == ["name", "age"]
    assert found["truncated"] is True


def test_a_profile(client: TestClient) -> None:
    found = client.get(f"{BASE}/preview-people/versions/1/profile").json()
    assert found["row_count"] == 3
    assert found["columns"][1]["mean"] == 35.0
    assert found["columns"][1]["missing"] == 1


def test_an_mltable(client: TestClient) -> None:
    assert client.get(f"{BASE}/preview-table/versions/1/preview").json()["rows"] == [[1]]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("preview-picture/versions/1/preview", 422),
        ("preview-outside/versions/1/preview", 400),
        ("preview-outside/versions/1/profile", 400),
        ("preview-people/versions/9/preview", 404),
        ("preview-people/versions/1/preview?rows=0", 400),
        ("preview-people/versions/1/preview?rows=100000", 400),
        ("preview-people/versions/1/profile?max_rows=-1", 400),
    ],
)
def test_what_cannot_be_shown_is_refused(client: TestClient, path: str, status: int) -> None:
    answer = client.get(f"{BASE}/{path}")
    assert answer.status_code == status
    assert answer.json()["error"]["message"]
