"""The gateway as a process: it says where it is, serves without a server, refuses what is too large, and ends."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

pytestmark = pytest.mark.slow
ROUTING = {
    "version": 7,
    "endpoints": {
        "default/iris": {
            "key_hashes": [hashlib.sha256(b"good").hexdigest()],
            "traffic": {},
            "deployments": {},
        }
    },
}


class RunningGateway:
    def __init__(self, home: Path) -> None:
        self.home = home
        variables = {"MODELYARD_HOME": str(home), "MODELYARD_GATEWAY_PORT": "0", "MODELYARD_MAX_BODY_BYTES": "1000"}
        with (home / "gateway.out").open("wb") as output:
            command = [sys.executable, "-m", "modelyard.gateway"]
            self.process = subprocess.Popen(command, env=os.environ | variables, stdout=output, stderr=output)
        until = time.monotonic() + 20
        while not (home / "gateway.json").exists() and time.monotonic() < until:
            time.sleep(0.01)
        self.url = str(json.loads((home / "gateway.json").read_text())["url"])


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[RunningGateway]:
    home = tmp_path / "home"
    (home / "endpoints").mkdir(parents=True)
    (home / "endpoints" / "routing.json").write_text(json.dumps(ROUTING))
    (home / "admin-token").write_text("admin")
    running = RunningGateway(home)
    yield running
    running.process.kill()
    running.process.wait()


def test_life_of_a_gateway(gateway: RunningGateway) -> None:
    headers = {"Authorization": "Bearer good"}
    address = f"{gateway.url}/default/iris/score"

    assert httpx.get(f"{gateway.url}/health").json() == {"status": "ok", "routing_version": 7}
    assert httpx.post(address, json={}).status_code == 401
    refused = httpx.post(address, json={}, headers=headers)
    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "no_deployment")
    assert httpx.post(address, content=b"x" * 2000, headers=headers).status_code == 413
    assert httpx.get(f"{gateway.url}/metrics", headers=headers).status_code == 401
    metrics = httpx.get(f"{gateway.url}/metrics", headers={"Authorization": "Bearer admin"})
    assert 'modelyard_gateway_refused_total{reason="no_deployment"} 1' in metrics.text
    gateway.process.send_signal(signal.SIGTERM)
    assert gateway.process.wait(10) == 0
    assert not (gateway.home / "gateway.json").exists()


def test_gateway_whose_home_is_gone_ends(gateway: RunningGateway) -> None:
    shutil.rmtree(gateway.home)

    assert gateway.process.wait(15) == 0
