"""kill -9 of the server while an AutoML job searches: the search goes on, and no trial is lost or written twice.

And a cancelled search leaves a model that works.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sklearn.datasets import load_wine

from .server_process import ServerProcess

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
KILLS = 3


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    home = tmp_path / "home"
    home.mkdir()
    server = ServerProcess(home)
    server.start()
    yield server
    server.stop()


def submit(server: ServerProcess, folder: Path, name: str, **limits: Any) -> None:
    load_wine(as_frame=True).frame.to_csv(folder / "wine.csv", index=False)
    server.installation.cli("data", "create", "-n", name, "-v", "1", "-t", "uri_file", "-p", str(folder / "wine.csv"))
    body = {
        "type": "automl",
        "name": name,
        "task": "classification",
        "training_data": f"azureml:{name}:1",
        "target_column_name": "target",
        "n_cross_validations": 3,
        "training": {"allowed_training_algorithms": ["LightGBM", "LogisticRegression", "KNN", "RandomForest"]},
        "limits": limits,
    }
    with server.installation.rest() as rest:
        answer = rest.post("/jobs", json=body)
    assert answer.status_code == 201, answer.text


def leaderboard(server: ServerProcess, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = server.installation.get(f"/jobs/{name}/leaderboard", page_size="1000").json()["value"]
    return found


def wait_for_trials(server: ServerProcess, name: str, count: int) -> None:
    deadline = time.monotonic() + 90
    while len(leaderboard(server, name)) < count:
        status = server.installation.get(f"/jobs/{name}").json()["status"]
        assert status not in ("Failed", "Canceled"), status
        if status == "Completed":
            return
        assert time.monotonic() < deadline, f"fewer than {count} trials"
        time.sleep(0.1)


def test_no_trial_is_lost_or_doubled(server: ServerProcess, tmp_path: Path) -> None:
    submit(server, tmp_path, "grapes", timeout_minutes=0.5, max_trials=30)
    for kill in range(KILLS):
        wait_for_trials(server, "grapes", 1 + 2 * kill)
        server.kill()
        time.sleep(1.0)
        server.start()
    assert server.installation.job_ends("grapes", timeout=120) == "Completed"
    trials = leaderboard(server, "grapes")
    numbers = sorted(trial["number"] for trial in trials)
    assert numbers == list(range(len(trials)))
    children = server.installation.get("/jobs/grapes/children", page_size="1000").json()["value"]
    assert Counter(child["name"] for child in children) == Counter(f"grapes_{number}" for number in numbers)
    log = server.installation.cli("job", "stream", "-n", "grapes")
    assert f"The best of {len(trials)} trials" in log
    best = server.installation.get("/jobs/grapes_best_child").json()
    assert [trial["name"] for trial in trials if trial["winner"]] == [best["name"]]
    uri = {"uri": "azureml://jobs/grapes_best_child/outputs/mlflow-model/"}
    files = server.installation.get("/files", **uri).json()["value"]
    assert "MLmodel" in {file["path"] for file in files}


def test_a_cancelled_search_leaves_its_best_model(server: ServerProcess, tmp_path: Path) -> None:
    submit(server, tmp_path, "stopped", timeout_minutes=5)
    wait_for_trials(server, "stopped", 2)
    server.installation.cli("job", "cancel", "-n", "stopped")
    job = server.installation.get("/jobs/stopped").json()
    assert job["status"] == "Canceled"
    assert job["properties"]["best_child_run_id"].startswith("stopped_")
    server.installation.cli("job", "download", "-n", "stopped_best_child", "-p", str(tmp_path / "got"))
    (model,) = (tmp_path / "got").rglob("mlflow-model")
    rows = load_wine(as_frame=True).data.head(3).to_json(orient="split", index=False)
    code = (
        "import sys, json, mlflow, pandas, io\n"
        "model = mlflow.pyfunc.load_model(sys.argv[1])\n"
        "print(list(model.predict(pandas.read_json(io.StringIO(sys.argv[2]), orient='split').astype(float))))"
    )
    done = server.installation.run([sys.executable, "-c", code, str(model), rows])
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("0") >= 3
