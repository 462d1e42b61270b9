"""Files by address: lists, content, ranges, and nothing outside the workspace's storage."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from modelyard.artifacts.storage import run_folder

from .conftest import Yard

BASE = "/api/v1/workspaces/default"
ROOT = "azureml://datastores/workspaceblobstore/paths"


@pytest.fixture(scope="module", autouse=True)
def files(yard: Yard) -> None:
    store = yard.state.storage.managed("default", "workspaceblobstore")
    store.put_stream("set/numbers.txt", [b"0123456789"])
    store.put_stream("set/page.html", [b"<script>alert(1)</script>"])
    for index in range(7):
        store.put_stream(f"many/{index}.txt", [b"x"])
    yard.state.storage.run_artifacts("default").put_stream(f"{run_folder('run-1')}/outputs/m.txt", [b"model"])


def content(client: TestClient, uri: str, **headers: str):
    return client.get(f"{BASE}/files/content", params={"uri": uri}, headers=headers)


@pytest.mark.parametrize(
    "uri",
    [
        f"{ROOT}/set/numbers.txt",
        "modelyard://datastores/workspaceblobstore/paths/set/numbers.txt",
        "azureml://subscriptions/s/resourcegroups/g/workspaces/default/datastores/workspaceblobstore/paths/set/numbers.txt",
    ],
)
def test_every_form_of_address_reads_the_file(client: TestClient, uri: str) -> None:
    answer = content(client, uri)
    assert (answer.status_code, answer.text) == (200, "0123456789")
    assert answer.headers["content-length"] == "10"


@pytest.mark.parametrize(
    "uri",
    [
        "runs:/run-1/outputs/m.txt",
        "azureml://artifacts/ExperimentRun/dcid.run-1/outputs/m.txt",
        "azureml://datastores/workspaceartifactstore/ExperimentRun/dcid.run-1/outputs/m.txt",
    ],
)
def test_artifacts_of_a_run_are_files(client: TestClient, uri: str) -> None:
    assert content(client, uri).text == "model"


@pytest.mark.parametrize(
    ("header", "status", "body", "shown"),
    [
        ("bytes=2-4", 206, "234", "bytes 2-4/10"),
        ("bytes=7-", 206, "789", "bytes 7-9/10"),
        ("bytes=-3", 206, "789", "bytes 7-9/10"),
        ("bytes=5-99", 206, "56789", "bytes 5-9/10"),
        ("bytes=10-", 416, "", "bytes */10"),
        ("bytes=99-", 416, "", "bytes */10"),
        ("bytes=4-2", 416, "", "bytes */10"),
        ("bytes=-", 200, "0123456789", None),
        ("lines=1-2", 200, "0123456789", None),
        ("bytes=0-1,3-4", 200, "0123456789", None),
    ],
)
def test_ranges(client: TestClient, header: str, status: int, body: str, shown: str | None) -> None:
    answer = content(client, f"{ROOT}/set/numbers.txt", Range=header)
    assert (answer.status_code, answer.text, answer.headers.get("content-range")) == (status, body, shown)


def test_a_page_is_offered_for_saving_and_never_shown(client: TestClient) -> None:
    headers = content(client, f"{ROOT}/set/page.html").headers
    assert headers["content-type"] == "application/octet-stream"
    assert headers["content-disposition"].startswith("attachment")


def test_lists_are_paged(client: TestClient) -> None:
    seen: list[str] = []
    token = None
    while True:
        params = {"uri": f"{ROOT}/many", "page_size": "3"} | ({"page_token": token} if token else {})
        page = client.get(f"{BASE}/files", params=params).json()
        seen += [found["path"] for found in page["value"]]
        token = page["next_page_token"]
        if token is None:
            break
    assert seen == [f"{index}.txt" for index in range(7)]


@pytest.mark.parametrize(
    ("uri", "status"),
    [
        (f"{ROOT}/nothing", 404),
        (f"{ROOT}/set", 404),
        (f"{ROOT}/../../../admin-token", 400),
        (f"{ROOT}/set/%2e%2e/x", 404),
        ("azureml://datastores/nowhere/paths/x", 404),
        ("azureml://workspaces/other/datastores/workspaceblobstore/paths/x", 400),
        ("azureml://jobs/nobody/outputs/x", 404),
        ("azureml:nothing:1", 422),
        ("azureml://data/nothing/versions/1", 404),
        ("azureml://artifacts/ExperimentRun/dcid.../x", 404),
        ("http://169.254.169.254/latest/meta-data", 422),
        ("file:///etc/passwd", 422),
        ("/etc/passwd", 422),
        ("s3://bucket/key", 422),
        ("nonsense://x", 400),
    ],
)
def test_what_cannot_be_read_is_refused(client: TestClient, uri: str, status: int) -> None:
    answer = content(client, uri)
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]["message"]


def test_a_data_asset_and_an_attached_folder(client: TestClient, tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "x.csv").write_text("a\n1\n")
    client.put(f"{BASE}/datastores/attached", json={"type": "local_folder", "path": str(tmp_path)})
    asset = {"name": "attached-data", "type": "uri_folder", "path": "azureml://datastores/attached/paths/deep"}
    made = client.post(f"{BASE}/data", json=asset)
    assert made.status_code == 201, made.text
    for uri in ("azureml://data/attached-data/versions/1", "azureml://data/attached-data/labels/latest"):
        listed = client.get(f"{BASE}/files", params={"uri": uri}).json()
        assert [found["path"] for found in listed["value"]] == ["x.csv"]
