"""Endpoints on a real platform: rollouts, deaths, keys, failures, under constant load."""

from __future__ import annotations

import json
import os
import signal
import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from .installation import Installation, wait_for

pytestmark = pytest.mark.slow
SCRIPT = """
import json, os, time
def init():
    time.sleep(float(os.environ.get("INIT_SECONDS", "0")))
    if os.environ.get("BROKEN"):
        raise ValueError("the weights do not fit")
def run(raw):
    return {"by": os.environ["COLOR"], "n": json.loads(raw)["n"]}
"""


OPEN = ExitStack()


@pytest.fixture(autouse=True, scope="module")
def close_clients() -> Iterator[None]:
    with OPEN:
        yield


class Endpoint:
    """One endpoint of an installation, by REST, with a script whose answers tell who gave them."""

    def __init__(self, installation: Installation, name: str, **body: Any) -> None:
        self.installation, self.name = installation, name
        self.rest = OPEN.enter_context(installation.rest())
        self.path = f"/online-endpoints/{name}"
        self.put("", {"auth_mode": "key", **body})
        wait_for(lambda: self.state("") == "Succeeded", 30, "the endpoint")

    def put(self, path: str, body: dict[str, Any]) -> None:
        answer = self.rest.put(self.path + path, json=body)
        assert answer.status_code in (200, 201), answer.text

    def deploy(self, name: str, *, count: int = 1, wait: bool = True, **variables: str) -> None:
        """Create or update a deployment whose answers carry COLOR, its own name unless given."""
        code = self.installation.home / "storage" / "default" / "workspaceblobstore" / "scripts" / self.name
        code.mkdir(parents=True, exist_ok=True)
        (code / "score.py").write_text(textwrap.dedent(SCRIPT))
        body = {
            "type": "managed",
            "instance_count": count,
            "code_configuration": {
                "code": f"azureml://datastores/workspaceblobstore/paths/scripts/{self.name}",
                "scoring_script": "score.py",
            },
            "environment_variables": {"COLOR": name} | variables,
        }
        self.put(f"/deployments/{name}", body)
        if wait:
            assert self.ended(f"/deployments/{name}") == "Succeeded", self.show(f"/deployments/{name}")

    def show(self, path: str) -> dict[str, Any]:
        found: dict[str, Any] = self.rest.get(self.path + path).json()
        return found

    def state(self, path: str) -> str:
        return str(self.show(path).get("provisioning_state"))

    def ended(self, path: str) -> str:
        def check() -> str | None:
            state = self.state(path)
            return state if state in ("Succeeded", "Failed") else None

        return wait_for(check, 60, f"{self.name}{path}")

    def traffic(self, **shares: int) -> None:
        answer = self.rest.patch(self.path, json={"traffic": shares})
        assert answer.status_code == 200, answer.text
        wait_for(lambda: self.state("") == "Succeeded", 30, "the traffic")

    def key(self, which: str = "primary_key") -> str:
        return str(self.show("/keys")[which])

    def score(self, key: str | None = None, **headers: str) -> httpx.Response:
        authorization = {"Authorization": f"Bearer {key or self.key()}"}
        return httpx.post(self.show("")["scoring_uri"], json={"n": 1}, headers=authorization | headers, timeout=20)

    def answers(self) -> str:
        """Who answers, once the gateway knows of the endpoint."""

        def check() -> str | None:
            found = self.score()
            return str(found.json()["by"]) if found.status_code == 200 else None

        return wait_for(check, 20, "an answer")

    def worker_pids(self) -> list[int]:
        folder = self.installation.home / "endpoints" / "default" / self.name
        return [json.loads(path.read_text())["pid"] for path in folder.glob("*/*/worker.json")]

    @contextmanager
    def load(self, threads: int = 2) -> Iterator[Counted]:
        """Constant scoring from several threads; every answer is checked."""
        counted, stop = Counted(), threading.Event()
        uri, headers = self.show("")["scoring_uri"], {"Authorization": f"Bearer {self.key()}"}

        def work(first: int) -> None:
            number = first
            with httpx.Client(headers=headers, timeout=30) as client:
                while not stop.wait(0.005):
                    number += threads
                    counted.add(number, client.post(uri, json={"n": number}))

        workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
        for worker in workers:
            worker.start()
        try:
            yield counted
        finally:
            stop.set()
            for worker in workers:
                worker.join()


class Counted:
    def __init__(self) -> None:
        self.by: dict[str, int] = {}
        self.wrong: list[str] = []

    def add(self, number: int, answer: httpx.Response) -> None:
        if answer.status_code != 200 or answer.json()["n"] != number:
            self.wrong.append(f"{answer.status_code} {answer.text[:200]}")
        else:
            color = str(answer.json()["by"])
            self.by[color] = self.by.get(color, 0) + 1

    @property
    def total(self) -> int:
        return sum(self.by.values())

    def more(self, count: int) -> None:
        """Wait until so many more were answered."""
        goal = self.total + count
        wait_for(lambda: self.total >= goal or self.wrong, 60, "answers")


def test_every_request_is_answered_through_rollout_kills_and_restart(platform: Installation) -> None:
    endpoint = Endpoint(platform, "steady")
    endpoint.deploy("blue", count=2)
    endpoint.traffic(blue=100)
    endpoint.answers()
    with endpoint.load() as counted:
        counted.more(20)
        endpoint.deploy("blue", count=2, COLOR="newer")  # a rolling update
        counted.more(20)
        for _ in range(3):
            alive = [pid for pid in endpoint.worker_pids() if Path(f"/proc/{pid}").exists()]
            os.kill(alive[0], signal.SIGKILL)
            counted.more(20)
        endpoint.deploy("green")
        for share in (50, 100):
            endpoint.traffic(blue=100 - share, green=share)
            counted.more(20)
        endpoint.rest.delete(f"{endpoint.path}/deployments/blue").raise_for_status()
        wait_for(lambda: endpoint.rest.get(f"{endpoint.path}/deployments/blue").status_code == 404, 30, "blue to go")
        counted.more(20)
    assert not counted.wrong, counted.wrong[:5]
    assert set(counted.by) == {"blue", "newer", "green"}


def test_update_that_fails_leaves_the_old_one_and_the_others_serving(platform: Installation) -> None:
    endpoint = Endpoint(platform, "careful")
    endpoint.deploy("blue")
    endpoint.traffic(blue=100)
    endpoint.answers()
    with endpoint.load() as counted:
        endpoint.deploy("blue", wait=False, BROKEN="yes", COLOR="broken")
        assert endpoint.ended("/deployments/blue") == "Failed"
        endpoint.deploy("green", wait=False, BROKEN="yes")
        assert endpoint.ended("/deployments/green") == "Failed"
        counted.more(10)
    assert not counted.wrong
    assert set(counted.by) == {"blue"}
    error = endpoint.show("/deployments/blue")["error"]
    assert (error["type"], error["message"]) == ("ValueError", "the weights do not fit")
    assert "score.py" in error["where"]
    assert "the weights do not fit" in endpoint.rest.get(f"{endpoint.path}/deployments/blue/logs?lines=50").text
    endpoint.deploy("blue", COLOR="mended")
    wait_for(lambda: endpoint.answers() == "mended", 20, "the mended one")


def test_keys_rotate_and_deployments_are_pinned(platform: Installation) -> None:
    endpoint = Endpoint(platform, "locked")
    endpoint.deploy("blue")
    endpoint.deploy("green")
    endpoint.traffic(blue=100)
    endpoint.answers()
    old, second = endpoint.key(), endpoint.key("secondary_key")

    assert endpoint.score(**{"azureml-model-deployment": "green"}).json()["by"] == "green"
    assert endpoint.score(**{"azureml-model-deployment": "red"}).status_code == 404
    assert endpoint.score("wrong").status_code == 401
    endpoint.rest.post(f"{endpoint.path}/regenerate-keys", json={"key_type": "primary"}).raise_for_status()
    wait_for(lambda: endpoint.score(old).status_code == 401, 5, "the old key to be refused")
    assert endpoint.score(second).status_code == 200
    assert endpoint.score().status_code == 200
    assert endpoint.rest.post(f"{endpoint.path}/token").status_code == 409


def test_deployments_are_listed_page_by_page(platform: Installation) -> None:
    endpoint = Endpoint(platform, "listed")
    for name in ("green", "blue"):
        endpoint.deploy(name, wait=False)
    first = endpoint.rest.get(f"{endpoint.path}/deployments", params={"page_size": 1}).json()
    token = first["next_page_token"]
    second = endpoint.rest.get(f"{endpoint.path}/deployments", params={"page_size": 1, "page_token": token}).json()

    assert [one["name"] for one in first["value"] + second["value"]] == ["blue", "green"]
    assert second["next_page_token"] is None
    shown = platform.cli("online-deployment", "list", "-e", "listed", "--query", "[].name", "-o", "tsv")
    assert shown.split() == ["blue", "green"]
    endpoint.rest.delete(endpoint.path).raise_for_status()


def test_tokens_open_an_endpoint_that_takes_them(platform: Installation) -> None:
    endpoint = Endpoint(platform, "tokened", auth_mode="aml_token")
    endpoint.deploy("blue")
    endpoint.traffic(blue=100)
    token = endpoint.rest.post(f"{endpoint.path}/token").json()

    assert token["expiry_time_utc"] > token["refresh_after_time_utc"] > time.time()
    wait_for(lambda: endpoint.score(token["access_token"]).status_code == 200, 20, "the token to be taken")
    assert endpoint.score(token["access_token"][:-2]).status_code == 401
    assert endpoint.rest.get(f"{endpoint.path}/keys").status_code == 409


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "field"),
    [
        ("PATCH", "", {"traffic": {"blue": 90}}, 400, "traffic"),
        ("PATCH", "", {"traffic": {"red": 100}}, 400, "traffic.red"),
        ("PATCH", "", {"mirror_traffic": {"blue": 60}}, 400, "mirror_traffic"),
        ("PATCH", "", {"trafic": {}}, 400, "trafic"),
        ("PUT", "/deployments/x", {"type": "managed"}, 400, "code_configuration"),
        ("PUT", "/deployments/x", {"type": "managed", "model": "azureml:none:1"}, 404, None),
        ("PUT", "/deployments/x", {"type": "kubernetes"}, 422, "type"),
        ("DELETE", "/deployments/blue", None, 409, "traffic"),
        ("DELETE", "/deployments/none", None, 404, None),
        ("POST", "/regenerate-keys", {"key_type": "third"}, 400, "key_type"),
    ],
)
def test_refusals(
    refusing: Endpoint, method: str, path: str, body: dict[str, Any] | None, status: int, field: str | None
) -> None:
    answer = refusing.rest.request(method, refusing.path + path, json=body)

    assert answer.status_code == status, answer.text
    assert field is None or answer.json()["error"]["field"] == field


@pytest.fixture(scope="module")
def refusing(platform: Installation) -> Endpoint:
    endpoint = Endpoint(platform, "refusing")
    endpoint.deploy("blue")
    endpoint.traffic(blue=100)
    return endpoint


def test_deleted_endpoint_leaves_no_process_behind(platform: Installation) -> None:
    endpoint = Endpoint(platform, "brief")
    endpoint.deploy("blue", count=2)
    endpoint.traffic(blue=100)
    pids = endpoint.worker_pids()
    endpoint.rest.delete(endpoint.path).raise_for_status()
    wait_for(lambda: endpoint.rest.get(endpoint.path).status_code == 404, 30, "the endpoint to go")

    assert len(pids) == 2
    wait_for(lambda: not any(Path(f"/proc/{pid}/exe").exists() for pid in pids), 10, "its workers to end")
    assert not (platform.home / "endpoints" / "default" / "brief").exists()
