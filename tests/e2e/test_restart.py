"""The server may go and come back: endpoints answer, jobs end right, a backup restores."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from .installation import Installation, wait_for

ENDPOINTS = Path(__file__).parents[2] / "examples" / "endpoints"
ROWS = {"petal_length": [1.4, 5.2]}


def scoring(installation: Installation) -> tuple[str, dict[str, str]]:
    """Address and headers of a served endpoint, made from the example with a scoring script."""
    folder = ENDPOINTS / "script"
    installation.cli("online-endpoint", "create", "-f", "endpoint.yml", cwd=folder)
    installation.cli("online-deployment", "create", "-f", "blue.yml", "--all-traffic", cwd=folder)
    uri = installation.cli("online-endpoint", "show", "-n", "iris-rules", "--query", "scoring_uri", "-o", "tsv")
    key = installation.cli(
        "online-endpoint", "get-credentials", "-n", "iris-rules", "--query", "primaryKey", "-o", "tsv"
    )
    return uri, {"Authorization": f"Bearer {key}"}


class Prober:
    """Scores all the time from a thread, and keeps every status that came back."""

    def __init__(self, uri: str, headers: dict[str, str]) -> None:
        self.statuses: list[int | str] = []
        self._uri, self._headers = uri, headers
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._probe)

    def __enter__(self) -> Prober:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _probe(self) -> None:
        with httpx.Client(headers=self._headers, timeout=10) as client:
            while not self._stop.wait(0.02):
                try:
                    self.statuses.append(client.post(self._uri, json=ROWS).status_code)
                except httpx.HTTPError as error:
                    self.statuses.append(repr(error))


@pytest.mark.slow
def test_server_killed_while_it_serves_and_works(fresh: Installation) -> None:
    uri, headers = scoring(fresh)
    job = {"command": "sleep 2; echo done-after-the-kill", "environment": {"image": "python"}}
    with fresh.rest() as rest:
        name = rest.post("/jobs", json=job).json()["name"]
        wait_for(lambda: rest.get(f"/jobs/{name}").json()["status"] == "Running", 30, "the job to run")
    with Prober(uri, headers) as prober:
        wait_for(lambda: len(prober.statuses) > 5, 10, "scores before the kill")
        fresh.kill("server.json")
        served = len(prober.statuses)
        wait_for(lambda: len(prober.statuses) > served + 10, 20, "scores without a server")
        fresh.up()
        assert fresh.job_ends(name) == "Completed"
    assert set(prober.statuses) == {200}
    assert "done-after-the-kill" in fresh.cli("job", "stream", "-n", name)


@pytest.mark.slow
def test_gateway_killed_comes_back(fresh: Installation) -> None:
    uri, headers = scoring(fresh)
    fresh.kill("gateway.json")

    def answered() -> bool:
        try:
            return httpx.post(uri, json=ROWS, headers=headers, timeout=2).status_code == 200
        except httpx.HTTPError:
            return False

    wait_for(answered, 15, "the gateway to be started again")


@pytest.mark.slow
def test_backup_restores_into_another_home(installations: Callable[..., Installation], tmp_path: Path) -> None:
    """The drill of docs/operations.md: database first, then the files, while the server runs."""
    first = installations()
    first.up()
    uri, headers = scoring(first)
    name = first.cli(
        "job", "create", "-f", str(ENDPOINTS.parent / "jobs" / "hello.yml"), "--query", "name", "-o", "tsv"
    )
    assert first.job_ends(name) == "Completed"

    restored = tmp_path / "restored"
    with sqlite3.connect(first.home / "modelyard.db") as source, sqlite3.connect(tmp_path / "backup.db") as target:
        source.backup(target)
    left_out = shutil.ignore_patterns("modelyard.db*", "envs", "server.json", "gateway.json", "*.sock")
    shutil.copytree(first.home, restored, ignore=left_out, symlinks=True)
    shutil.copy(tmp_path / "backup.db", restored / "modelyard.db")
    first.down()

    second = installations(restored)
    second.up()
    assert second.cli("job", "show", "-n", name, "--query", "status", "-o", "tsv") == "Completed"
    assert "hello world" in second.cli("job", "stream", "-n", name)
    again = uri.replace(str(first.gateway_port), str(second.gateway_port))
    wait_for(
        lambda: httpx.post(again, json=ROWS, headers=headers).status_code == 200, 30, "the endpoint to serve again"
    )
