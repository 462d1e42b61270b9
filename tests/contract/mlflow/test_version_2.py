"""A client of MLflow 2 in an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from modelyard.services import workspaces

from .conftest import _dispose_mlflow
from .server_thread import running_server

SCRIPT = """
import json, sys
import mlflow
from mlflow.entities import Metric, Param
folder = sys.argv[1]
mlflow.set_experiment("two")
with mlflow.start_run(run_name="r") as run:
    mlflow.log_param("depth", 3)
    mlflow.log_metric("loss", 0.5, step=1)
    mlflow.log_metrics({"a": 1.0, "b": 2.0})
    mlflow.set_tag("t", "v")
    mlflow.log_text("hello", "notes/a.txt")
client = mlflow.MlflowClient()
run_id = run.info.run_id
client.log_batch(run_id, [Metric("m", i, 1000 + i, i) for i in range(20)], [Param("p", "1")])
found = client.search_runs([run.info.experiment_id], "metrics.loss < 1", order_by=["metrics.a DESC"])
client.create_registered_model("two")
version = client.create_model_version("two", run.info.artifact_uri + "/notes", run_id)
client.set_registered_model_alias("two", "champion", version.version)
local = client.download_artifacts(run_id, "notes/a.txt", folder)
print(json.dumps({
    "version": mlflow.__version__,
    "status": client.get_run(run_id).info.status,
    "params": client.get_run(run_id).data.params,
    "history": len(client.get_metric_history(run_id, "m")),
    "found": [item.info.run_id for item in found] == [run_id],
    "text": open(local).read(),
    "champion": client.get_model_version_by_alias("two", "champion").version,
    "files": [item.path for item in client.list_artifacts(run_id)],
}))
"""


@pytest.fixture(scope="module")
def python_with_mlflow_2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("mlflow2") / "venv"
    python = place / "bin" / "python"
    uv = str(Path(sys.executable).with_name("uv"))
    for command in (
        [uv, "venv", str(place)],
        [uv, "pip", "install", "--python", str(python), "mlflow-skinny>=2.20,<3"],
    ):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"mlflow 2 cannot be installed here: {done.stderr.strip().splitlines()[-1:]}")
    return python


@pytest.mark.slow
def test_a_client_of_version_2(python_with_mlflow_2: Path, tmp_path: Path, database_url: str) -> None:
    with running_server(tmp_path / "home", database_url) as server:
        with server.state.database.transaction() as tx:
            workspaces.ensure_default(tx)
        environment = {
            **os.environ,
            "MLFLOW_TRACKING_URI": f"{server.url}/mlflow/default",
            "MLFLOW_TRACKING_TOKEN": server.token,
            "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
        }
        command = [str(python_with_mlflow_2), "-W", "ignore", "-c", SCRIPT, str(tmp_path)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100)
    _dispose_mlflow()
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout.splitlines()[-1])
    assert answer.pop("version").startswith("2.")
    assert answer == {
        "status": "FINISHED",
        "params": {"depth": "3", "p": "1"},
        "history": 20,
        "found": True,
        "text": "hello",
        "champion": "1",
        "files": ["notes"],
    }
