"""Population based training with real processes, whose server is killed again and again."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .server_process import ServerProcess

EPOCHS = 32
TRIALS = 4
KILLS = 4
# Logistic regression on scikit-learn's digits by gradient descent: the weights and the epoch are the checkpoint.
SCRIPT = """
import os, pathlib, sys, time
import numpy as np
from sklearn.datasets import load_digits
from modelyard.log import log_metric
rate = float(sys.argv[1])
rows, labels = load_digits(return_X_y=True)
rows, wanted = rows / 16, np.eye(10)[labels]
place = pathlib.Path("outputs/state.npz")
weights, epoch = np.zeros((64, 10)), 0
if place.exists():
    kept = np.load(place)
    weights, epoch = kept["weights"], int(kept["epoch"])
with open(sys.argv[2], "a") as told:
    told.write(f"{os.environ['MODELYARD_JOB_NAME']} {os.environ['MODELYARD_ATTEMPT']} {rate!r} {epoch}\\n")
while epoch < int(sys.argv[3]):
    shares = np.exp(rows @ weights)
    shares /= shares.sum(1, keepdims=True)
    weights, epoch = weights - rate * rows.T @ (shares - wanted) / len(rows), epoch + 1
    with open("outputs/new", "wb") as file:
        np.savez(file, weights=weights, epoch=epoch)
    os.replace("outputs/new", place)
    log_metric("loss", float(-np.log((shares * wanted).sum(1) + 1e-12).mean()), step=epoch)
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
@pytest.mark.timeout(300)
def test_a_population_learns_whoever_dies(server: ServerProcess, tmp_path: Path) -> None:
    told = tmp_path / "told"
    submit(server, tmp_path, told)
    chance = random.Random(KILLS)
    for _ in range(KILLS):
        time.sleep(chance.uniform(0.3, 1.5))
        server.kill()
        server.start()
    assert server.installation.job_ends("population", timeout=200) == "Completed"
    trials = server.installation.get("/jobs/population/trials", page_size="100").json()["value"]
    assert {trial["phase"] for trial in trials} == {"completed"}
    starts = [line.split() for line in told.read_text().splitlines()]
    assert len({(job, attempt) for job, attempt, _, _ in starts}) == len(starts), "no attempt ran twice"
    copied = [trial for trial in trials if trial["copies"]]
    assert copied, "somebody copied somebody"
    for trial in trials:
        own = [(float(rate), int(epoch)) for job, _, rate, epoch in starts if job == trial["name"]]
        assert own[0][1] == 0 and all(epoch > 0 for _, epoch in own[1:]), f"each goes on from a checkpoint: {own}"
        assert own[-1][0] == trial["parameters"]["rate"], "the last attempt has the parameters that are shown"
        # An attempt that was cut off before its first line told nothing; the first of a trial always tells.
        replaced = [copy["replaced"]["rate"] for copy in trial["copies"]]
        assert not replaced or replaced[0] == own[0][0]
    best = server.installation.get("/jobs/population").json()
    assert float(best["properties"]["score"]) == min(trial["score"] for trial in trials)


def submit(server: ServerProcess, folder: Path, told: Path) -> None:
    script = folder / "trial.py"
    script.write_text(SCRIPT)
    body: dict[str, Any] = {
        "type": "sweep",
        "name": "population",
        "trial": {"command": f"OMP_NUM_THREADS=1 python {script} ${{{{search_space.rate}}}} {told} {EPOCHS}"},
        "search_space": {"rate": {"type": "loguniform", "min_value": -5, "max_value": 0.5}},
        "sampling_algorithm": {"type": "random", "seed": 4, "rule": "sobol"},
        "early_termination": {"type": "pbt", "evaluation_interval": 4, "max_resource": EPOCHS},
        "objective": {"goal": "minimize", "primary_metric": "loss"},
        "limits": {"max_total_trials": TRIALS, "max_concurrent_trials": 2},
    }
    with server.installation.rest() as rest:
        answer = rest.post("/jobs", json=body)
    assert answer.status_code == 201, answer.text
