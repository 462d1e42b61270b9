"""The main flow by plain HTTP, as a client in any language would: blobs, data, job, log, model, endpoint, scores."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import httpx
import pytest

from .installation import Installation, wait_for

TABLE = b"petal_length\n1.4\n5.2\n"
SCRIPT = b"""
import json, os, pathlib
def init():
    global limit
    limit = float(next(pathlib.Path(os.environ["AZUREML_MODEL_DIR"]).rglob("limit.txt")).read_text())
def run(raw_data):
    return [value > limit for value in json.loads(raw_data)["values"]]
"""


def upload(rest: httpx.Client, name: str, content: bytes, kind: str = "file", file: str | None = None) -> str:
    """The address of a file, or of a folder with one file."""
    digest = hashlib.sha256(content).hexdigest()
    files = [{"path": file or name, "sha256": digest, "size": len(content)}]
    manifest = {"name": name, "kind": kind, "files": files}
    missing = accepted(rest.post("/snapshots:plan", json=manifest))["missing"]
    for sha256 in missing:
        headers = {"Upload-Offset": "0", "Upload-Length": str(len(content))}
        accepted(rest.put(f"/blobs/{sha256}", content=content, headers=headers))
    assert accepted(rest.post("/snapshots:plan", json=manifest))["missing"] == []
    return str(accepted(rest.post("/snapshots", json=manifest))["uri"])


def accepted(answer: httpx.Response) -> Any:
    assert answer.is_success, answer.text
    return answer.json()


@pytest.mark.slow
def test_from_bytes_to_scores(platform: Installation, tmp_path: Path) -> None:
    with platform.rest() as rest:
        data = {"name": "rest-table", "type": "uri_file", "path": upload(rest, "table.csv", TABLE)}
        assert accepted(rest.post("/data", json=data))["version"] == "1"
        job = train(rest)
        assert platform.job_ends(job) == "Completed"
        log = rest.get(f"/jobs/{job}/logs/user_logs/std_log.txt")
        assert log.text == "trained on 3 lines\n"
        model = {"name": "rest-limit", "type": "custom_model", "path": f"azureml://jobs/{job}/outputs/model"}
        assert accepted(rest.post("/models", json=model))["job_name"] == job
        graph = accepted(rest.get("/lineage/model/rest-limit/1"))
        assert {edge["relation"] for edge in graph["edges"]} == {"consumed", "produced"}
        uri, key = deploy(rest)
    answer = httpx.post(uri, json={"values": [1.4, 5.2]}, headers={"Authorization": f"Bearer {key}"})
    assert accepted(answer) == [False, True]


def train(rest: httpx.Client) -> str:
    job = {
        "type": "command",
        "command": "echo trained on $(wc -l < ${{inputs.table}}) lines; echo 2.5 > ${{outputs.model}}/limit.txt",
        "inputs": {"table": {"type": "uri_file", "path": "azureml:rest-table:1"}},
        "outputs": {"model": {"type": "custom_model"}},
        "environment": {"image": "python"},
    }
    return str(accepted(rest.post("/jobs", json=job))["name"])


def deploy(rest: httpx.Client) -> tuple[str, str]:
    """Scoring address and key, once the deployment serves."""
    accepted(rest.put("/online-endpoints/rest-limit", json={"name": "rest-limit", "auth_mode": "key"}))
    code = upload(rest, "code", SCRIPT, kind="folder", file="score.py")
    path = "/online-endpoints/rest-limit/deployments/blue"
    deployment = {
        "name": "blue",
        "endpoint_name": "rest-limit",
        "model": "azureml:rest-limit:1",
        "code_configuration": {"code": code, "scoring_script": "score.py"},
        "environment": {"image": "python"},
        "instance_type": "any",
        "instance_count": 1,
    }
    accepted(rest.put(path, json=deployment))
    settled(rest, path)
    accepted(rest.patch("/online-endpoints/rest-limit", json={"traffic": {"blue": 100}}))
    endpoint = settled(rest, "/online-endpoints/rest-limit")
    key = accepted(rest.get("/online-endpoints/rest-limit/keys"))
    return endpoint["scoring_uri"], next(value for name, value in key.items() if name.lower().startswith("primary"))


def settled(rest: httpx.Client, path: str) -> dict[str, Any]:
    def found() -> dict[str, Any] | None:
        body: dict[str, Any] = accepted(rest.get(path))
        return body if body["provisioning_state"] in {"Succeeded", "Failed"} else None

    body = wait_for(found, 60, f"{path} to settle")
    assert body["provisioning_state"] == "Succeeded", body
    return body
