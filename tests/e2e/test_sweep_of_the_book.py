"""The sweep of a textbook on Azure ML runs here with its imports changed and its placeholders filled in."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from modelyard import MLClient
from modelyard.entities import AmlCompute, Data, Environment
from tests.live_server import LiveServer

pytestmark = pytest.mark.slow

SOURCE = """\
from modelyard import MLClient, command
from modelyard.sweep import (
    Choice, Uniform, LogUniform,
    BayesianParameterSampling,
    BanditPolicy
)
from modelyard.identity import DefaultAzureCredential

ml_client = MLClient(
    credential=DefaultAzureCredential(),
    subscription_id="<sub-id>",
    resource_group_name="<rg>",
    workspace_name="default"
)
# Base training command
base_command = command(
    code="./src",
    command=(
        "python train.py "
        "--learning_rate ${{search_space.learning_rate}} "
        "--num_leaves ${{search_space.num_leaves}} "
        "--min_data_in_leaf ${{search_space.min_data_in_leaf}}"
    ),
    environment="azureml:lightgbm-env:1",
    compute="cpu-cluster",
    inputs={"train_data": ml_client.data.get("fraud-train", version="1")},
)
# Define search space
sweep_job = base_command.sweep(
    sampling_algorithm=BayesianParameterSampling(),
    search_space={
        "learning_rate": LogUniform(min_value=-4, max_value=-1),  # 10^-4 to 10^-1
        "num_leaves": Choice(values=[31, 63, 127, 255]),
        "min_data_in_leaf": Choice(values=[10, 20, 50, 100]),
    },
    primary_metric="val_auc",
    goal="Maximize",
    max_total_trials=40,
    max_concurrent_trials=8,
    early_termination_policy=BanditPolicy(
        evaluation_interval=5,
        slack_factor=0.1,
        delay_evaluation=10,
    ),
)
returned_sweep = ml_client.jobs.create_or_update(sweep_job)
"""
# A learning curve as training has it, and one request of the MLflow protocol to log it.
TRAIN = """\
import argparse, json, math, os, time, urllib.request
parser = argparse.ArgumentParser()
for name in ("learning_rate", "num_leaves", "min_data_in_leaf"):
    parser.add_argument("--" + name, type=float)
given = parser.parse_args()
top = 0.95 - 0.05 * abs(math.log(given.learning_rate) + 2) - given.num_leaves / 5000
now = int(time.time() * 1000)
curve = [{"key": "val_auc", "value": top * (1 - 0.5**step), "timestamp": now, "step": step} for step in range(1, 13)]
address = os.environ["MLFLOW_TRACKING_URI"] + "/api/2.0/mlflow/runs/log-batch"
headers = {"Authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"], "Content-Type": "application/json"}
body = json.dumps({"run_id": os.environ["MLFLOW_RUN_ID"], "metrics": curve}).encode()
urllib.request.urlopen(urllib.request.Request(address, body, headers), timeout=60)
"""


def test_it_runs(live_server: LiveServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in live_server.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "train.py").write_text(TRAIN)
    (tmp_path / "rows.csv").write_text("amount,fraud\n1,0\n")
    with MLClient(workspace_name="default") as client:
        _prepare(client)
        names: dict[str, Any] = {}
        exec(compile(SOURCE, "book.py", "exec"), names)
        names["ml_client"].close()
        _check(client, names["returned_sweep"].name)


def _prepare(client: MLClient) -> None:
    client.data.create_or_update(Data(name="fraud-train", version="1", type="uri_file", path="rows.csv"))
    pip = {"dependencies": ["pip", {"pip": ["lightgbm"]}]}
    client.environments.create_or_update(Environment(name="lightgbm-env", version="1", conda_file=pip))
    client.compute.begin_create_or_update(
        AmlCompute(name="cpu-cluster", size="Standard_DS3_v2", max_instances=4)
    ).result()


def _check(client: MLClient, sweep: str) -> None:
    client.jobs.stream(sweep)
    summary = client.jobs.sweep_summary(sweep)
    assert summary["counts"]["failed"] == 0
    assert summary["trials"] == 40
    best = next(iter(client.jobs.list_trials(sweep, order_by="best")))
    assert best == summary["best_trial"]
    assert best["score"] == max(trial["score"] for trial in client.jobs.list_trials(sweep))
    drawn = [trial["parameters"]["learning_rate"] for trial in client.jobs.list_trials(sweep)]
    assert all(math.exp(-4) <= rate <= math.exp(-1) for rate in drawn)
    assert "learning_rate: searched from 0.0183156 to 0.367879" in summary["searched_ranges"][0]
    assert "learning_rate" in summary["importances"]
