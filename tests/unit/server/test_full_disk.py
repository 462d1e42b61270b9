"""A full disk is said, and leaves nothing half done."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from modelyard.server.app import create_app
from modelyard.server.settings import Settings

BASE = "/api/v1/workspaces/default"


@pytest.fixture
def cramped(tmp_path: Path) -> Iterator[TestClient]:
    """A server whose storage has a megabyte."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    mounted = subprocess.run(mount, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.strip()}")
    home = tmp_path / "home"
    home.mkdir()
    for name in ("partial", "cas", "storage"):
        (disk / name).mkdir()
        (home / name).symlink_to(disk / name)
    with TestClient(create_app(Settings(home=home, run_controllers=False, run_gateway=False))) as client:
        client.headers["Authorization"] = f"Bearer {(home / 'admin-token').read_text().strip()}"
        yield client
    subprocess.run(["umount", str(disk)], check=True)


def files_below(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file()]


def test_an_upload_to_a_full_disk(cramped: TestClient, tmp_path: Path) -> None:
    content = os.urandom(3 << 20)
    digest = hashlib.sha256(content).hexdigest()
    refused = cramped.put(f"{BASE}/blobs/{digest}", content=content)
    assert refused.status_code == 507
    assert refused.json()["error"]["code"] == "storage_full"
    assert "space" in refused.json()["error"]["mend"]
    assert cramped.head(f"{BASE}/blobs/{digest}").status_code == 404
    assert files_below(tmp_path / "disk") == []
    small = b"still works"
    assert cramped.put(f"{BASE}/blobs/{hashlib.sha256(small).hexdigest()}", content=small).status_code == 201


def test_a_tree_on_a_full_disk(cramped: TestClient, tmp_path: Path) -> None:
    content = os.urandom(600_000)
    digest = hashlib.sha256(content).hexdigest()
    assert cramped.put(f"{BASE}/blobs/{digest}", content=content).status_code == 201
    # An executable is a copy, for which there is no room.
    body = {"name": "tree", "files": [{"path": "run", "sha256": digest, "size": len(content), "mode": 0o755}]}
    refused = cramped.post(f"{BASE}/snapshots", json=body)
    assert refused.status_code == 507
    assert files_below(tmp_path / "disk") == [digest]
    body["files"][0]["mode"] = 0o644  # type: ignore[index]
    assert cramped.post(f"{BASE}/snapshots", json=body).status_code == 201
