"""The AutoML lifecycle of a textbook on Azure ML runs here with its imports changed and its placeholders filled in.

Stages 1 to 4: data registered, AutoML job, best model registered, evaluated by plain MLflow against promotion gates.
The limits of the search are cut to seconds; nothing else is.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest
from sklearn.datasets import make_classification

from modelyard import MLClient
from modelyard.domain.datastore import LocalFolderDatastore
from modelyard.entities import AmlCompute
from tests.live_server import LiveServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

SOURCE = """\
from modelyard.entities import Data
from modelyard.constants import AssetTypes

train_data = Data(
    name="fraud-train",
    version="3",
    description="Fraud detection training set, Q1 2025, deduplicated",
    path="azureml://datastores/training_data/paths/fraud/train_v3/",
    type=AssetTypes.MLTABLE,
)
ml_client.data.create_or_update(train_data)

from modelyard import automl

classification_job = automl.classification(
    compute="cpu-cluster",
    experiment_name="fraud-automl-prod",
    training_data=ml_client.data.get("fraud-train", version="3"),
    target_column_name="is_fraud",
    primary_metric="AUC_weighted",
    n_cross_validations=5,
    enable_model_explainability=True,
    timeout_minutes=120,
    max_concurrent_trials=8,
    max_trials=50,
    featurization="auto",
)
shorten(classification_job)
returned_job = ml_client.jobs.create_or_update(classification_job)
ml_client.jobs.stream(returned_job.name)  # Block until complete

# Get the best child run
best_run = ml_client.jobs.get(returned_job.name + "_best_child")

# Register with lineage metadata
from modelyard.entities import Model
from modelyard.constants import ModelType

registered_model = ml_client.models.create_or_update(
    Model(
        name="fraud-classifier",
        version="5",
        description="AutoML best model, Q1 2025 data, AUC_weighted=0.9521",
        path=f"azureml://jobs/{best_run.name}/outputs/mlflow-model/",
        type=ModelType.MLFLOW_MODEL,
        tags={
            "experiment": returned_job.name,
            "data_version": "3",
            "primary_metric": "AUC_weighted",
            "metric_value": "0.9521",
        },
    )
)
print(f"Registered: {registered_model.name}:{registered_model.version}")

import mlflow
import json

# Load model and run on held-out test set
model = mlflow.sklearn.load_model(f"models:/fraud-classifier/5")
y_pred_proba = model.predict_proba(X_test)[:, 1]

from sklearn.metrics import roc_auc_score
from sklearn.inspection import permutation_importance

test_auc = roc_auc_score(y_test, y_pred_proba)
print(f"Test AUC: {test_auc:.4f}")

# Promotion gate 1: offline quality
assert test_auc >= 0.94, f"AUC {test_auc} below threshold 0.94"

# Promotion gate 2: latency check (batch inference on 1k records)
import time
sample = X_test.iloc[:1000]
start = time.perf_counter()
_ = model.predict_proba(sample)
latency_ms = (time.perf_counter() - start) * 1000 / len(sample)
assert latency_ms < 5.0, f"Latency {latency_ms:.2f}ms exceeds 5ms SLO"

print("All promotion gates passed.")
"""


def test_stages_one_to_four_run(
    live_server: LiveServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in live_server.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"{live_server.url}/mlflow/default")
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", live_server.token)
    monkeypatch.chdir(tmp_path)
    held_out = prepared(tmp_path)
    with MLClient(workspace_name="default") as client:
        client.datastores.create_or_update(LocalFolderDatastore(name="training_data", path=str(tmp_path / "store")))
        cluster = AmlCompute(name="cpu-cluster", size="Standard_DS3_v2", max_instances=4)
        client.compute.begin_create_or_update(cluster).result()
        names: dict[str, Any] = {
            "ml_client": client,
            "shorten": lambda job: job.set_limits(timeout_minutes=0.4, max_trials=6),
            "X_test": held_out.drop(columns="is_fraud"),
            "y_test": held_out["is_fraud"],
        }
        exec(compile(SOURCE, "book.py", "exec"), names)
        checked(client, names, live_server)
    printed = capsys.readouterr().out
    assert "Registered: fraud-classifier:5" in printed
    assert "All promotion gates passed." in printed


def prepared(folder: Path) -> pd.DataFrame:
    """The training table of the book as an MLTable in a store, and rows that it does not hold."""
    values, target = make_classification(1600, 8, n_informative=5, class_sep=1.6, weights=[0.85], random_state=5)
    table = pd.DataFrame(values, columns=[f"v{number}" for number in range(8)]).assign(is_fraud=target)
    place = folder / "store" / "fraud" / "train_v3"
    place.mkdir(parents=True)
    table.iloc[:600].to_csv(place / "rows.csv", index=False)
    (place / "MLTable").write_text("paths:\n  - file: ./rows.csv\ntransformations:\n  - read_delimited: {}\n")
    return table.iloc[600:]


def checked(client: MLClient, names: dict[str, Any], live: LiveServer) -> None:
    """What the book's text says of such a job holds of this one."""
    job = client.jobs.get(names["returned_job"].name)
    best = names["best_run"]
    assert job.status == "Completed"
    assert job.properties["best_child_run_id"] == best.run_id
    trials = list(client.jobs.leaderboard(str(job.name)))
    assert [trial["name"] for trial in trials if trial["winner"]] == [best.name]
    assert len(list(client.jobs.list(parent_job_name=job.name))) == len(trials)
    run = names["mlflow"].get_run(best.run_id)
    assert run.data.tags["mlflow.parentRunId"] == job.run_id
    assert run.data.metrics["AUC_weighted"] == pytest.approx(float(job.properties["score"]))
    assert run.data.params["algorithm"] == best.algorithm
    headers = {"Authorization": f"Bearer {live.token}"}
    address = f"{live.url}/api/v1/workspaces/default/lineage/model/fraud-classifier/5"
    lineage = httpx.get(address, headers=headers, timeout=30).json()
    assert {"fraud-train", best.name, "fraud-classifier"} <= {node["name"] for node in lineage["nodes"]}
