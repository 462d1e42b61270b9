"""Uploads by content: nothing twice, nothing corrupt, nothing half."""

from __future__ import annotations

import hashlib
import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from fastapi.testclient import TestClient

from .conftest import LiveServer, Yard

BASE = "/api/v1/workspaces/default"


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def manifest(name: str, files: dict[str, bytes], *, single_file: bool = False) -> dict[str, Any]:
    listed = [{"path": path, "sha256": digest_of(body), "size": len(body)} for path, body in files.items()]
    return {"name": name, "kind": "file" if single_file else "folder", "files": listed}


def put(client: TestClient, content: bytes, *, digest: str | None = None, offset: int = 0) -> Any:
    headers = {"Upload-Offset": str(offset), "Upload-Length": str(len(content))}
    return client.put(f"{BASE}/blobs/{digest or digest_of(content)}", content=content[offset:], headers=headers)


def upload(client: TestClient, name: str, files: dict[str, bytes], **options: Any) -> Any:
    body = manifest(name, files, **options)
    missing = client.post(f"{BASE}/snapshots:plan", json=body).json()["missing"]
    for content in files.values():
        if digest_of(content) in missing:
            assert put(client, content).status_code == 201
    return client.post(f"{BASE}/snapshots", json=body)


def test_a_folder_arrives_whole(client: TestClient) -> None:
    files = {"train.py": b"print(1)", "src/a.py": b"a = 1", "empty": b""}
    made = upload(client, "code", files)
    assert made.status_code == 201
    uri = made.json()["uri"]
    assert uri == f"azureml://datastores/workspaceblobstore/paths/LocalUpload/{made.json()['hash']}/code"
    listed = client.get(f"{BASE}/files", params={"uri": uri}).json()["value"]
    assert {found["path"]: found["size"] for found in listed} == {path: len(body) for path, body in files.items()}
    for path, body in files.items():
        assert client.get(f"{BASE}/files/content", params={"uri": f"{uri}/{path}"}).content == body


def test_one_file_keeps_its_name(client: TestClient) -> None:
    made = upload(client, "titanic.csv", {"titanic.csv": b"a,b\n1,2\n"}, single_file=True).json()
    assert made["uri"].endswith(f"/LocalUpload/{made['hash']}/titanic.csv")
    listed = client.get(f"{BASE}/files", params={"uri": made["uri"]}).json()["value"]
    assert [found["path"] for found in listed] == ["titanic.csv"]
    assert client.get(f"{BASE}/files/content", params={"uri": made["uri"]}).text == "a,b\n1,2\n"


def test_an_unchanged_folder_uploads_nothing(client: TestClient) -> None:
    files = {"a": b"same", "b": b"same", "c": b"other"}
    first = upload(client, "unchanged", files).json()
    plan = client.post(f"{BASE}/snapshots:plan", json=manifest("unchanged", files)).json()
    assert plan == {"hash": first["hash"], "missing": []}
    assert client.post(f"{BASE}/snapshots", json=manifest("unchanged", files)).json() == first


def test_files_are_links_to_the_blobs(yard: Yard) -> None:
    upload(yard.client, "linked", {"f": b"linked content"})
    blob = yard.state.storage.content.store.local_path(
        f"{digest_of(b'linked content')[:2]}/{digest_of(b'linked content')}"
    )
    assert blob is not None
    assert blob.stat().st_nlink == 2
    assert blob.stat().st_mode & 0o777 == 0o444


def test_nothing_can_be_added_to_a_tree(yard: Yard) -> None:
    place = tree_of(yard, upload(yard.client, "closed", {"a/f": b"closed content"}))
    assert [folder.stat().st_mode & 0o777 for folder in (place, place / "a")] == [0o555, 0o555]


def test_a_damaged_blob_and_its_tree_are_replaced_by_the_next_upload(yard: Yard) -> None:
    files = {"f": b"once whole", "g": b"another"}
    place = tree_of(yard, upload(yard.client, "damaged", files))
    (place / "f").chmod(0o644)
    (place / "f").write_bytes(b"once whole, then not")
    assert upload(yard.client, "damaged", files).status_code == 201
    assert {path.name: path.read_bytes() for path in place.iterdir()} == files
    assert [path.name for path in place.parent.iterdir()] == ["damaged"]


def tree_of(yard: Yard, made: Any) -> Path:
    path = str(made.json()["uri"]).partition("/paths/")[2]
    place = yard.state.storage.managed("default", "workspaceblobstore").local_path(path)
    assert place is not None
    return Path(place)


def test_an_executable_stays_one(yard: Yard) -> None:
    body = manifest("scripts", {"run.sh": b"#!/bin/sh"})
    body["files"][0]["mode"] = 0o755
    put(yard.client, b"#!/bin/sh")
    made = yard.client.post(f"{BASE}/snapshots", json=body).json()
    place = yard.state.home / "storage/default/workspaceblobstore" / made["uri"].partition("/paths/")[2] / "run.sh"
    assert place.stat().st_mode & 0o111
    plain = manifest("scripts", {"run.sh": b"#!/bin/sh"})
    assert yard.client.post(f"{BASE}/snapshots:plan", json=plain).json()["hash"] != made["hash"]


def test_a_corrupt_upload_is_refused(client: TestClient) -> None:
    right, wrong = b"right content", b"wrong content"
    refused = put(client, wrong, digest=digest_of(right))
    assert refused.status_code == 400
    assert "corrupted" in refused.json()["error"]["message"]
    assert client.head(f"{BASE}/blobs/{digest_of(right)}").status_code == 404
    assert put(client, right).status_code == 201


def test_a_snapshot_of_missing_blobs_is_refused(yard: Yard) -> None:
    body = manifest("missing", {"x": b"never sent", "y": b"nor this"})
    refused = yard.client.post(f"{BASE}/snapshots", json=body)
    assert refused.status_code == 409
    assert {found["missing"] for found in refused.json()["error"]["details"]} == {
        digest_of(b"never sent"),
        digest_of(b"nor this"),
    }
    plan = yard.client.post(f"{BASE}/snapshots:plan", json=body).json()
    folder = yard.state.home / "storage/default/workspaceblobstore/LocalUpload" / plan["hash"]
    assert not folder.exists()


def test_an_upload_goes_on_where_it_broke_off(client: TestClient) -> None:
    content = bytes(range(256)) * 1000
    digest = digest_of(content)
    path = f"{BASE}/blobs/{digest}"
    begun = client.put(path, content=content[:100_000], headers={"Upload-Length": str(len(content))})
    assert begun.status_code == 201
    assert begun.json()["size"] is None
    progress = client.head(path)
    assert (progress.headers["Upload-Offset"], progress.headers["Upload-Complete"]) == ("100000", "false")
    refused = put(client, content, offset=50)
    assert refused.status_code == 409
    assert refused.json()["error"]["details"] == [{"offset": 100_000}]
    assert put(client, content, offset=100_000).json()["size"] == len(content)
    assert client.head(path).headers["Upload-Complete"] == "true"


def test_a_client_that_dies_leaves_a_part_to_go_on_from(live: LiveServer) -> None:
    content = b"0123456789" * 50_000
    path = f"{BASE}/blobs/{digest_of(content)}"
    address = urlsplit(live.url)
    with socket.create_connection((address.hostname, address.port)) as connection:
        head = (
            f"PUT {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {live.token}\r\nUpload-Length: {len(content)}\r\n"
        )
        connection.sendall(f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content[:200_000])
    with live.http() as http:
        while http.head(path).headers.get("Upload-Offset") != "200000":
            pass
        headers = {"Upload-Offset": "200000", "Upload-Length": str(len(content))}
        # Until the server has noticed that the first client is gone, the blob is still its.
        while (answer := http.put(path, content=content[200_000:], headers=headers)).status_code == 409:
            pass
        assert answer.status_code == 201
        assert http.head(path).headers["Upload-Complete"] == "true"


@pytest.mark.parametrize("digest", ["short", "Z" * 64, "A" * 64, "..%2f" * 12])
def test_a_blob_has_a_digest(client: TestClient, digest: str) -> None:
    assert client.put(f"{BASE}/blobs/{digest}", content=b"x").status_code in (400, 404)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"files": [{"path": "../x", "sha256": "0" * 64, "size": 1}]}, "files"),
        ({"files": [{"path": "/x", "sha256": "0" * 64, "size": 1}]}, "files"),
        ({"files": [{"path": "a\x00", "sha256": "0" * 64, "size": 1}]}, "files.0.path"),
        ({"files": [{"path": "a", "sha256": "0" * 64, "size": 1}] * 2}, "files"),
        (
            {"files": [{"path": "a", "sha256": "0" * 64, "size": 1}, {"path": "a/b", "sha256": "0" * 64, "size": 1}]},
            "files",
        ),
        ({"files": [{"path": "a", "sha256": "0" * 63, "size": 1}]}, "files.0.sha256"),
        ({"files": [{"path": "a", "sha256": "0" * 64, "size": -1}]}, "files.0.size"),
        ({"name": "../x"}, "name"),
        ({"name": "a/b"}, "name"),
        ({"kind": "file", "files": []}, "files"),
        ({"kind": "link"}, "kind"),
        ({"unknown": 1}, "unknown"),
    ],
)
def test_a_bad_manifest_is_refused(client: TestClient, change: dict[str, Any], field: str) -> None:
    refused = client.post(f"{BASE}/snapshots:plan", json=manifest("ok", {}) | change)
    assert refused.status_code == 400
    assert refused.json()["error"]["field"] == field


def test_a_size_that_is_not_the_blob_s_is_refused(client: TestClient) -> None:
    put(client, b"four")
    body = manifest("sizes", {"f": b"four"})
    body["files"][0]["size"] = 5
    assert client.post(f"{BASE}/snapshots", json=body).status_code == 400


def test_a_blob_beyond_its_said_length_is_refused(client: TestClient) -> None:
    content = b"longer than said"
    answer = client.put(f"{BASE}/blobs/{digest_of(content)}", content=content, headers={"Upload-Length": "3"})
    assert answer.status_code == 413


def test_old_parts_are_swept(yard: Yard) -> None:
    content = yard.state.storage.content
    digest = digest_of(b"abandoned")
    yard.client.put(f"{BASE}/blobs/{digest}", content=b"aban", headers={"Upload-Length": "9"})
    assert content.sweep() == 0
    part = Path(yard.state.home, "partial", digest)
    assert content.sweep(part.stat().st_mtime + 10**6) >= 1
    assert content.partial_size(digest) == 0


def test_an_unknown_workspace_takes_nothing(client: TestClient) -> None:
    assert client.post("/api/v1/workspaces/nowhere/snapshots:plan", json=manifest("x", {})).status_code == 404
    digest = digest_of(b"x")
    assert client.put(f"/api/v1/workspaces/nowhere/blobs/{digest}", content=b"x").status_code == 404
