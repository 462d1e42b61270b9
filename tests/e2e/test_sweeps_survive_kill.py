"""kill -9 of the server at random instants of a sweep: no trial is lost, none runs twice, the best is the best."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .server_process import ServerProcess

KILLS = 20
TRIALS = 200
SEEDED_TRIALS = 16
SEEDED_KILLS = 6
# One request by hand: what a tracking client would send, without the second that importing one takes. A server that
# is away is asked again with the same moment and step, so that a value counts once.
SCRIPT = """
import json, os, sys, time
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit
began, x = sys.argv[1], float(sys.argv[2])
with open(began, "a") as stream:
    stream.write(os.environ["MODELYARD_JOB_NAME"] + "\\n")
uri = urlsplit(os.environ["MLFLOW_TRACKING_URI"])
value = {"key": "loss", "value": (x - 0.3) ** 2, "timestamp": int(time.time() * 1000), "step": 1}
body = json.dumps({"run_id": os.environ["MLFLOW_RUN_ID"], **value})
headers = {"Authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"], "Content-Type": "application/json"}
while True:
    try:
        connection = HTTPConnection(uri.hostname, uri.port, timeout=10)
        connection.request("POST", uri.path + "/api/2.0/mlflow/runs/log-metric", body, headers)
        answer = connection.getresponse()
        if answer.status == 200:
            break
        if answer.status < 500:
            sys.exit(answer.read().decode())
    except (OSError, HTTPException):
        pass
    time.sleep(0.1)
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    home = tmp_path / "home"
    home.mkdir()
    server = ServerProcess(home)
    server.start()
    yield server
    server.stop()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_no_trial_is_lost_and_none_runs_twice(server: ServerProcess, tmp_path: Path) -> None:
    chance = random.Random(int(os.environ.get("MODELYARD_TEST_SEED", "20")))
    began = tmp_path / "began"
    submit(server, "walk", tmp_path, began, {"type": "random", "seed": 7}, TRIALS, 4)
    killed_at = kill_during(server, "walk", chance, KILLS, began, TRIALS)
    assert server.installation.job_ends("walk", timeout=400) == "Completed"
    trials = trials_of(server, "walk")
    assert len(trials) == TRIALS
    assert sorted(began.read_text().split()) == sorted(f"walk_{number}" for number in range(TRIALS)), "each ran once"
    assert Counter(trial["status"] for trial in trials) == {"Completed": TRIALS}
    assert all(trial["attempt"] == 1 for trial in trials)
    sweep = job(server, "walk")
    losses = {trial["run_id"]: (drawn(trial) - 0.3) ** 2 for trial in trials}
    assert float(sweep["properties"]["score"]) == min(losses.values())
    assert losses[sweep["properties"]["best_child_run_id"]] == min(losses.values())
    assert killed_at >= KILLS


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_seeded_sweep_proposes_the_same_points_as_one_never_interrupted(
    server: ServerProcess, tmp_path: Path
) -> None:
    chance = random.Random(3)
    sampling = {"type": "bayesian", "seed": 11, "startup_trials": 5}
    for name, kills in (("whole", 0), ("broken", SEEDED_KILLS)):
        submit(server, name, tmp_path, tmp_path / name, sampling, SEEDED_TRIALS, 1)
        kill_during(server, name, chance, kills, tmp_path / name, SEEDED_TRIALS)
        assert server.installation.job_ends(name, timeout=120) == "Completed"
    whole, broken = ([drawn(trial) for trial in trials_of(server, name)] for name in ("whole", "broken"))
    assert len(whole) == SEEDED_TRIALS
    assert broken == whole


def submit(
    server: ServerProcess,
    name: str,
    folder: Path,
    began: Path,
    sampling: dict[str, Any],
    trials: int,
    concurrent: int,
) -> None:
    script = folder / "trial.py"
    script.write_text(SCRIPT)
    body = {
        "type": "sweep",
        "name": name,
        "trial": {"command": f"exec python -I -S {script} {began} ${{{{search_space.x}}}}"},
        "search_space": {"x": {"type": "uniform", "min_value": 0.0, "max_value": 1.0}},
        "sampling_algorithm": sampling,
        "objective": {"goal": "minimize", "primary_metric": "loss"},
        "limits": {"max_total_trials": trials, "max_concurrent_trials": concurrent},
    }
    with server.installation.rest() as rest:
        answer = rest.post("/jobs", json=body)
    assert answer.status_code == 201, answer.text


def kill_during(server: ServerProcess, name: str, chance: random.Random, kills: int, began: Path, trials: int) -> int:
    """Kill -9 spread over the life of the sweep: each after a random share of the trials, and a random moment."""
    marks = sorted(chance.randrange(trials - 1) for _ in range(kills))
    for mark in marks:
        deadline = time.monotonic() + 100
        while (len(began.read_text().split()) if began.exists() else 0) <= mark:
            assert time.monotonic() < deadline, f"'{name}' stands still before trial {mark}"
            time.sleep(0.02)
        time.sleep(chance.uniform(0.0, 0.2))
        server.kill()
        server.start()
    return len(marks)


def job(server: ServerProcess, name: str) -> dict[str, Any]:
    found: dict[str, Any] = server.installation.get(f"/jobs/{name}").json()
    return found


def trials_of(server: ServerProcess, sweep: str) -> list[dict[str, Any]]:
    """The trials' jobs, by number."""
    found = server.installation.get(f"/jobs/{sweep}/children", page_size="1000").json()["value"]
    return sorted(found, key=lambda trial: int(trial["name"].rpartition("_")[2]))


def drawn(trial: dict[str, Any]) -> float:
    return float(trial["command"].split()[-1])
