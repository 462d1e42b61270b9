"""kill -9 of the server while trials pause, go on, and while a sweep that has ended is reopened."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .server_process import ServerProcess

STEPS = 6
OVER = ("Completed", "Failed", "Canceled")
# Logs `quality * step` at each step and keeps the step; a server that is away is asked again with the same value.
SCRIPT = """
import json, os, sys, time
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit
told, quality, steps, pause = sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
checkpoint = "outputs/step.txt"
first = int(open(checkpoint).read()) + 1 if os.path.exists(checkpoint) else 1
with open(told, "a") as stream:
    stream.write(json.dumps([os.environ["MODELYARD_JOB_NAME"], int(os.environ["MODELYARD_ATTEMPT"]), first]) + "\\n")
uri = urlsplit(os.environ["MLFLOW_TRACKING_URI"])
headers = {"Authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"], "Content-Type": "application/json"}
for step in range(first, steps + 1):
    value = {"key": "quality", "value": quality * step, "timestamp": 1000 + step, "step": step}
    body = json.dumps({"run_id": os.environ["MLFLOW_RUN_ID"], **value})
    while True:
        try:
            connection = HTTPConnection(uri.hostname, uri.port, timeout=20)
            connection.request("POST", uri.path + "/api/2.0/mlflow/runs/log-metric", body, headers)
            if connection.getresponse().status == 200:
                break
        except (OSError, HTTPException):
            pass
        time.sleep(0.05)
    with open(checkpoint + ".new", "w") as stream:
        stream.write(str(step))
    os.replace(checkpoint + ".new", checkpoint)
    time.sleep(pause)
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    home = tmp_path / "home"
    home.mkdir()
    server = ServerProcess(home)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def told(tmp_path: Path) -> Path:
    return tmp_path / "told"


def submit(server: ServerProcess, told: Path, name: str, pause: float, **fields: Any) -> None:
    script = told.with_name("trial.py")
    script.write_text(SCRIPT)
    body = {
        "type": "sweep",
        "name": name,
        "trial": {"command": f"exec python -I -S {script} {told} ${{{{search_space.q}}}} {STEPS} {pause}"},
        "search_space": {"q": {"type": "choice", "values": [4, 3, 2, 1]}},
        "sampling_algorithm": {"type": "random", "seed": 5, "rule": "sobol"},
        "objective": {"goal": "maximize", "primary_metric": "quality"},
        **fields,
    }
    with server.installation.rest() as rest:
        answer = rest.post("/jobs", json=body)
    assert answer.status_code == 201, answer.text


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_killed_at_each_pause_and_each_resume(server: ServerProcess, told: Path) -> None:
    asha = {"type": "asha", "min_resource": 1, "reduction_factor": 2, "max_resource": STEPS}
    limits = {"max_total_trials": 4, "max_concurrent_trials": 1}
    # The best comes first: it pauses until a worse one has shown that it is better, and goes on.
    submit(server, told, "walk", 0.5, early_termination=asha, limits=limits, sampling_algorithm="grid")
    seen = 0
    for wanted in ("pause_requested", "resume_requested", "pause_requested", "resume_requested"):
        found = until(
            lambda what=wanted, after=seen: event_after(server, what, after) or job(server, "walk")["ended_at"]
        )
        if not isinstance(found, int):
            break
        seen = found
        server.kill()
        server.start()
    assert seen, "nothing paused"
    assert server.installation.job_ends("walk", timeout=120) == "Completed"
    attempts = [tuple(json.loads(line)) for line in told.read_text().splitlines()]
    assert max(Counter(attempts).values()) == 1, f"no attempt twice: {attempts}"
    assert all(first > 1 for _, attempt, first in attempts if attempt > 1), f"from the checkpoint: {attempts}"
    assert any(attempt > 1 for _, attempt, _ in attempts)
    trials = children(server, "walk")
    assert all(trial["status"] in OVER for trial in trials)
    assert len(trials) == 4
    assert float(job(server, "walk")["properties"]["score"]) == 4 * STEPS
    assert {run_status(server, trial["run_id"]) for trial in trials} <= {"FINISHED", "KILLED"}


@pytest.mark.slow
@pytest.mark.timeout(200)
def test_killed_just_after_a_sweep_is_reopened(server: ServerProcess, told: Path) -> None:
    submit(server, told, "grows", 0, limits={"max_total_trials": 2, "max_concurrent_trials": 2})
    for count, wait in ((4, 0.0), (6, 0.03), (8, 0.1)):
        assert server.installation.job_ends("grows") == "Completed"
        with server.installation.rest() as rest:
            assert rest.post("/jobs/grows/extend", json={"max_total_trials": count}).status_code == 200
        time.sleep(wait)
        server.kill()
        server.start()
    assert server.installation.job_ends("grows") == "Completed"
    began = Counter(json.loads(line)[0] for line in told.read_text().splitlines())
    assert began == {f"grows_{number}": 1 for number in range(8)}
    assert all(trial["status"] == "Completed" for trial in children(server, "grows"))


@pytest.mark.slow
@pytest.mark.timeout(200)
def test_killed_just_after_a_cancelled_sweep_goes_on(server: ServerProcess, told: Path) -> None:
    submit(server, told, "again", 0.7, limits={"max_total_trials": 2, "max_concurrent_trials": 2})
    until(told.exists)
    with server.installation.rest() as rest:
        assert rest.post("/jobs/again/cancel").status_code < 300
    server.kill()
    server.start()
    assert server.installation.job_ends("again") == "Canceled"
    with server.installation.rest() as rest:
        answer = rest.post("/jobs/again/resume")
    assert answer.json().get("status") == "Running", answer.text
    server.kill()
    server.start()
    assert server.installation.job_ends("again") == "Completed"
    assert Counter(trial["status"] for trial in children(server, "again"))["Completed"] == 2


def until(condition: Callable[[], Any], seconds: float = 60) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.01)
    return found


def event_after(server: ServerProcess, what: str, after: int) -> int | None:
    """The id of the first event of that kind after another."""
    with server.installation.rest(None) as rest:
        found = rest.get("/events", params={"page_size": 1000}).json()["value"]
    ids = [int(event["id"]) for event in found if event["type"] == f"modelyard.job.{what}" and int(event["id"]) > after]
    return min(ids, default=None)


def job(server: ServerProcess, name: str) -> dict[str, Any]:
    found: dict[str, Any] = server.installation.get(f"/jobs/{name}").json()
    return {"ended_at": None, **found}


def children(server: ServerProcess, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = server.installation.get(f"/jobs/{name}/children", page_size="1000").json()["value"]
    return found


def run_status(server: ServerProcess, run_id: str) -> str:
    with server.installation.rest(None) as rest:
        url = f"{server.installation.url}/mlflow/default/api/2.0/mlflow/runs/get"
        return str(rest.get(url, params={"run_id": run_id}).json()["run"]["info"]["status"])
