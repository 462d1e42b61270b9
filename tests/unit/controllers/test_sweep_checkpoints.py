"""Trials that pause at rungs, die, and go on from their checkpoint: real processes over a real server."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.live_server import LiveServer

STEPS = 6
# Logs `quality * step` at each step, keeps the step in ./outputs, and tells each attempt's first step in a file.
SCRIPT = """
import json, os, sys, time
from http.client import HTTPConnection
from urllib.parse import urlsplit
told, quality, steps, pause = sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
checkpoint = "outputs/step.txt"
first = int(open(checkpoint).read()) + 1 if os.path.exists(checkpoint) else 1
with open(told, "a") as stream:
    stream.write(json.dumps([os.environ["MODELYARD_JOB_NAME"], int(os.environ["MODELYARD_ATTEMPT"]), first]) + "\\n")
uri = urlsplit(os.environ["MLFLOW_TRACKING_URI"])
headers = {"Authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"], "Content-Type": "application/json"}
for step in range(first, steps + 1):
    value = {"key": "quality", "value": quality * step, "timestamp": int(time.time() * 1000), "step": step}
    connection = HTTPConnection(uri.hostname, uri.port, timeout=20)
    body = json.dumps({"run_id": os.environ["MLFLOW_RUN_ID"], **value})
    connection.request("POST", uri.path + "/api/2.0/mlflow/runs/log-metric", body, headers)
    assert connection.getresponse().status == 200
    with open(checkpoint + ".new", "w") as stream:
        stream.write(str(step))
    os.replace(checkpoint + ".new", checkpoint)
    time.sleep(pause)
"""


class Sweeps:
    def __init__(self, server: LiveServer, folder: Path) -> None:
        self.told = folder / "told"
        self.script = folder / "trial.py"
        self.script.write_text(SCRIPT)
        headers = {"Authorization": f"Bearer {server.token}"}
        self.rest = httpx.Client(base_url=f"{server.url}/api/v1/workspaces/default", headers=headers, timeout=30)

    def submit(self, pause: float = 0.25, **fields: Any) -> str:
        command = f"exec python -I -S {self.script} {self.told} ${{{{search_space.q}}}} {STEPS} {pause}"
        body = {
            "type": "sweep",
            "trial": {"command": command},
            "search_space": {"q": {"type": "choice", "values": [1, 2, 3, 4]}},
            "sampling_algorithm": {"type": "random", "seed": 5, "rule": "sobol"},
            "objective": {"goal": "maximize", "primary_metric": "quality"},
            **fields,
        }
        answer = self.rest.post("/jobs", json=body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["name"])

    def job(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.rest.get(f"/jobs/{name}").json()
        return found

    def trials(self, sweep: str) -> list[dict[str, Any]]:
        found = self.rest.get(f"/jobs/{sweep}/children").json()["value"]
        return sorted(found, key=lambda trial: str(trial["name"]))

    def until(self, condition: Callable[[], Any], seconds: float = 60) -> Any:
        deadline = time.monotonic() + seconds
        while not (found := condition()):
            assert time.monotonic() < deadline, "it did not come"
            time.sleep(0.05)
        return found

    def ended(self, name: str) -> dict[str, Any]:
        over = ("Completed", "Failed", "Canceled")
        self.until(lambda: self.job(name)["status"] in over)
        return self.job(name)

    def attempts(self) -> list[tuple[str, int, int]]:
        """Job, attempt and first step of every start of the script."""
        return [tuple(json.loads(line)) for line in self.told.read_text().splitlines()]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with LiveServer(tmp_path_factory.mktemp("home")) as server:
        yield server


@pytest.fixture
def sweeps(server: LiveServer, tmp_path: Path) -> Iterator[Sweeps]:
    sweeps = Sweeps(server, tmp_path)
    yield sweeps
    sweeps.rest.close()


@pytest.mark.slow
def test_trials_pause_at_rungs_and_go_on_from_their_checkpoint(sweeps: Sweeps) -> None:
    name = sweeps.submit(
        early_termination={"type": "asha", "min_resource": 1, "reduction_factor": 2, "max_resource": STEPS},
        limits={"max_total_trials": 4, "max_concurrent_trials": 2},
    )
    assert sweeps.ended(name)["status"] == "Completed"
    attempts = sweeps.attempts()
    resumed = [(job, first) for job, attempt, first in attempts if attempt > 1]
    assert resumed, (attempts, sweeps.rest.get(f"/jobs/{name}/logs/user_logs/std_log.txt").text)
    assert all(first > 1 for _, first in resumed), f"each goes on from its checkpoint: {attempts}"
    trials = sweeps.trials(name)
    assert [trial["status"] for trial in trials].count("Canceled") > 0, "the outdone ones are over too"
    best = next(trial for trial in trials if trial["command"].split()[6] == "4")
    assert best["status"] == "Completed"
    assert float(sweeps.job(name)["properties"]["score"]) == 4 * STEPS
    steps = sum(STEPS + 1 - first if job == best["name"] else 0 for job, attempt, first in attempts if attempt == 1)
    assert steps == STEPS


@pytest.mark.slow
def test_a_trial_that_is_killed_goes_on_from_its_checkpoint(sweeps: Sweeps) -> None:
    name = sweeps.submit(
        pause=0.15,
        properties={"modelyard.max_retries": "2"},
        limits={"max_total_trials": 1, "max_concurrent_trials": 1},
    )
    trial = f"{name}_0"
    sweeps.until(sweeps.told.exists)
    pid = sweeps.until(lambda: process_of(sweeps, trial))
    time.sleep(0.4)
    os.kill(pid, signal.SIGKILL)
    assert sweeps.ended(name)["status"] == "Completed"
    (_, one, first), (_, two, second) = sweeps.attempts()
    assert (one, first, two) == (1, 1, 2)
    assert 1 < second <= STEPS
    quality = float(sweeps.job(trial)["command"].split()[6])
    assert float(sweeps.job(name)["properties"]["score"]) == quality * STEPS


def process_of(sweeps: Sweeps, job: str) -> int | None:
    """The script's process of a job, once its first checkpoint can be there."""
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        try:
            words = (process / "cmdline").read_bytes().decode("utf-8", "replace")
            mine = str(sweeps.script) in words and job in (process / "environ").read_bytes().decode("utf-8", "replace")
        except OSError:
            continue
        if mine and "bash" not in words.partition("\0")[0]:
            return int(process.name)
    return None


@pytest.mark.slow
def test_a_sweep_that_has_ended_is_extended_and_cloned(sweeps: Sweeps) -> None:
    name = sweeps.submit(pause=0, limits={"max_total_trials": 2, "max_concurrent_trials": 2, "timeout": 60})
    assert sweeps.ended(name)["status"] == "Completed"
    refused = sweeps.rest.post(f"/jobs/{name}/extend", json={"max_total_trials": 2})
    assert (refused.status_code, refused.json()["error"]["field"]) == (400, "max_total_trials")
    assert sweeps.rest.post(f"/jobs/{name}/resume").status_code == 409
    extended = sweeps.rest.post(f"/jobs/{name}/extend", json={"max_total_trials": 4, "timeout": 120}).json()
    assert (extended["status"], extended["limits"]["timeout"]) == ("Running", 120)
    assert sweeps.ended(name)["status"] == "Completed"
    assert [trial["name"] for trial in sweeps.trials(name)] == [f"{name}_{number}" for number in range(4)]
    assert len(sweeps.attempts()) == 4, "the first two did not run again"
    copy = sweeps.rest.post(f"/jobs/{name}/clone", json={"overrides": {"limits.max_total_trials": 3, "name": "copy"}})
    assert copy.status_code == 201, copy.text
    sweeps.rest.post("/jobs/copy/cancel")
    assert copy.json()["limits"]["max_total_trials"] == 3
    assert sweeps.ended("copy")["status"] in ("Canceled", "Completed")


@pytest.mark.slow
def test_a_cancelled_sweep_goes_on_and_a_running_one_is_extended(sweeps: Sweeps) -> None:
    name = sweeps.submit(pause=20, limits={"max_total_trials": 1, "max_concurrent_trials": 1})
    sweeps.until(sweeps.told.exists)
    assert sweeps.rest.post(f"/jobs/{name}/resume").json()["status"] == "Running"
    sweeps.rest.post(f"/jobs/{name}/cancel")
    assert sweeps.ended(name)["status"] == "Canceled"
    assert sweeps.rest.post(f"/jobs/{name}/resume").json()["status"] == "Running"
    sweeps.until(lambda: len(sweeps.trials(name)) == 2)
    assert sweeps.rest.post(f"/jobs/{name}/extend", json={"max_total_trials": 3}).status_code == 200
    sweeps.rest.post(f"/jobs/{name}_1/cancel")
    sweeps.until(lambda: len(sweeps.trials(name)) == 3)
    sweeps.rest.post(f"/jobs/{name}/cancel")
    assert sweeps.ended(name)["status"] == "Canceled"
