"""Nothing without a token; nothing from another workspace."""

from __future__ import annotations

import re

import httpx
import pytest

from .installation import Installation

OPEN = {"/health", "/login"}


def test_every_route_asks_for_a_token(platform: Installation) -> None:
    schema = platform.get(f"{platform.url}/openapi.json").json()
    calls = [(path, method) for path, methods in schema["paths"].items() for method in methods if path not in OPEN]
    assert len(calls) > 40
    with httpx.Client(base_url=platform.url) as anonymous:
        for path, method in calls:
            address = re.sub(r"\{[^}]*\}", "x", path)
            for headers in ({}, {"Authorization": "Bearer wrong"}):
                answer = anonymous.request(method, address, headers=headers)
                assert answer.status_code == 401, f"{method} {path}: {answer.status_code}"


@pytest.mark.parametrize("path", ["/api/2.0/mlflow/experiments/search", "/mlflow/default/api/2.0/mlflow/runs/search"])
def test_mlflow_asks_for_a_token(platform: Installation, path: str) -> None:
    assert httpx.post(platform.url + path, json={}).status_code == 401


def test_gateway_asks_for_a_key(platform: Installation) -> None:
    gateway = platform.process("server.json")["gateway_url"]
    assert httpx.post(f"{gateway}/default/none/score", json={}).status_code in {401, 404}


def test_workspaces_do_not_see_each_other(platform: Installation) -> None:
    for name in ("north", "south"):
        platform.cli("workspace", "create", "-n", name)
    with platform.rest("north") as north, platform.rest("south") as south:
        job = {"command": "echo north", "environment": {"image": "python"}, "experiment_name": "shared-name"}
        name = north.post("/jobs", json=job).json()["name"]
        assert north.get(f"/jobs/{name}").status_code == 200
        assert south.get(f"/jobs/{name}").status_code == 404
        assert south.get("/jobs").json()["value"] == []
    headers = {"Authorization": f"Bearer {platform.token}"}
    found = {}
    for workspace in ("north", "south"):
        base = f"{platform.url}/mlflow/{workspace}/api/2.0/mlflow"
        body = {"max_results": 100}
        experiments = httpx.post(f"{base}/experiments/search", json=body, headers=headers).json().get("experiments", [])
        found[workspace] = {experiment["name"] for experiment in experiments}
    assert "shared-name" in found["north"]
    assert "shared-name" not in found["south"]
