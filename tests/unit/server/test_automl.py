"""AutoML jobs over REST: what is refused, how trials are written down, and how the best is found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from modelyard.artifacts.storage import run_folder

from .conftest import Yard

JOBS = "/api/v1/workspaces/default/jobs"
DATA = "azureml://datastores/workspaceblobstore/paths/rows.csv"
JOB: dict[str, Any] = {
    "type": "automl",
    "task": "classification",
    "training_data": {"type": "uri_file", "path": DATA},
    "target_column_name": "label",
    "limits": {"timeout_minutes": 1, "max_trials": 5},
}


@pytest.mark.parametrize(
    ("changes", "field", "mend"),
    [
        ({"task": "image_classification"}, "task", "command job"),
        ({"task": "clasification"}, "task", "did you mean 'classification'?"),
        ({"task": "forecasting"}, "forecasting.time_column_name", "time_column_name"),
        ({"training_data": None}, "training_data", None),
        ({"target_column_name": " "}, "target_column_name", None),
        ({"limits": {"timeout_minute": 1}}, "limits.timeout_minute", "did you mean 'timeout_minutes'?"),
        ({"primary_metric": "r2_score"}, "primary_metric", None),
        ({"n_cross_validations": 3, "validation_data": {"path": DATA}}, "n_cross_validations", "keep one"),
        ({"training": {"allowed_training_algorithms": ["LightGMB"]}}, "training.allowed_training_algorithms.0", None),
        (
            {"training": {"allowed_training_algorithms": ["KNN"], "blocked_training_algorithms": ["knn"]}},
            "training.blocked_training_algorithms",
            "remove it from one",
        ),
        ({"limits": {"max_memory": "many"}}, "limits.max_memory", "a number with k, m, g or t"),
    ],
)
def test_bad_jobs_are_refused(client: TestClient, changes: dict[str, Any], field: str, mend: str | None) -> None:
    answer = client.post(JOBS, json=JOB | changes, params={"validate_only": "true"})
    error = answer.json()["error"]
    assert answer.status_code in (400, 422, 501), error
    fields = {detail["field"]: detail for detail in error.get("details") or [error]}
    assert field in fields, error
    assert (mend or "") in (fields[field].get("mend") or "")


def submitted(client: TestClient, name: str, **changes: Any) -> dict[str, Any]:
    answer = client.post(JOBS, json={**JOB, "name": name, **changes})
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


def report(number: int, score: float | None, status: str = "Completed", **more: Any) -> dict[str, Any]:
    return {
        "number": number,
        "algorithm": "LightGBM",
        "origin": "portfolio",
        "params": {"num_leaves": 31, "learning_rate": 0.1, "boosting": "gbdt"},
        "status": status,
        "score": score,
        "fold_scores": [] if score is None else [score - 0.01, score + 0.01],
        "metrics": {}
        if score is None
        else {"validation": {"AUC_weighted": score - 0.02, "accuracy": 0.9}, "train": {"accuracy": 1.0}},
        "fit_seconds": 0.5,
        "row_milliseconds": 0.2,
        "size_bytes": 1000,
        "started_at": 1_700_000_000.0 + number,
        "ended_at": 1_700_000_001.0 + number,
        **more,
    }


def batch(*trials: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"metric": "AUC_weighted", "greater_is_better": True, "trials": list(trials), **more}


def test_trials_become_children_and_runs_once(client: TestClient) -> None:
    submitted(client, "bank")
    told = batch(report(0, 0.7), report(1, 0.9), report(2, None, "Failed", error="ValueError: no"))
    first = client.post(f"{JOBS}/bank/trial-records", json=told)
    assert first.status_code == 200, first.text
    assert first.json() == {"recorded": 3, "cancel_requested": False}
    again = client.post(f"{JOBS}/bank/trial-records", json=batch(*told["trials"], report(3, 0.8, "Stopped")))
    assert again.json()["recorded"] == 1
    children = client.get(f"{JOBS}/bank/children").json()["value"]
    assert [(child["name"], child["status"]) for child in children] == [
        ("bank_0", "Completed"),
        ("bank_1", "Completed"),
        ("bank_2", "Failed"),
        ("bank_3", "Canceled"),
    ]
    assert children[2]["error"]["message"] == "ValueError: no"
    run = client.get("/mlflow/default/api/2.0/mlflow/runs/get", params={"run_id": "bank_1"}).json()["run"]
    metrics = {metric["key"]: metric["value"] for metric in run["data"]["metrics"]}
    assert metrics["AUC_weighted"] == 0.9
    assert metrics["pooled_AUC_weighted"] == pytest.approx(0.88)
    assert metrics["train_accuracy"] == 1.0
    assert metrics["fit_seconds"] == 0.5
    assert {param["key"]: param["value"] for param in run["data"]["params"]}["num_leaves"] == "31"
    tags = {tag["key"]: tag["value"] for tag in run["data"]["tags"]}
    assert (tags["iteration"], tags["run_algorithm"], tags["score"]) == ("1", "LightGBM", "0.9")
    assert tags["mlflow.parentRunId"] == "bank"
    assert run["info"]["status"] == "FINISHED"
    history = client.get(
        "/mlflow/default/api/2.0/mlflow/metrics/get-history",
        params={"run_id": "bank_1", "metric_key": "fold_AUC_weighted"},
    ).json()["metrics"]
    assert [(point["step"], round(point["value"], 3)) for point in history] == [(0, 0.89), (1, 0.91)]


def test_the_leaderboard_is_paged_best_first(client: TestClient) -> None:
    submitted(client, "board")
    client.post(f"{JOBS}/board/trial-records", json=batch(*(report(n, s) for n, s in enumerate([0.5, 0.9, None, 0.7]))))
    first = client.get(f"{JOBS}/board/leaderboard", params={"page_size": 2}).json()
    rest = client.get(f"{JOBS}/board/leaderboard", params={"page_token": first["next_page_token"]}).json()
    rows = first["value"] + rest["value"]
    assert [row["number"] for row in rows] == [1, 3, 0, 2]
    assert [row["winner"] for row in rows] == [True, False, False, False]
    assert rows[0]["algorithm"] == "LightGBM"
    assert rows[0]["row_milliseconds"] == 0.2
    client.post(JOBS, json={"command": "true", "name": "no-board"})
    assert client.get(f"{JOBS}/no-board/leaderboard").status_code == 400


def test_what_was_given_up_is_not_the_best(client: TestClient) -> None:
    """It was judged on fewer folds than the others."""
    submitted(client, "lucky")
    client.post(f"{JOBS}/lucky/trial-records", json=batch(report(0, 0.7), report(1, 0.99, "Stopped")))
    rows = client.get(f"{JOBS}/lucky/leaderboard").json()["value"]
    assert [(row["number"], row["score"], row["winner"]) for row in rows] == [(0, 0.7, True), (1, 0.99, False)]


def test_a_loss_is_best_when_it_is_least(client: TestClient) -> None:
    submitted(client, "loss", primary_metric="log_loss")
    told = batch(report(0, 0.7), report(1, 0.4)) | {"metric": "log_loss", "greater_is_better": False}
    client.post(f"{JOBS}/loss/trial-records", json=told)
    assert client.get(f"{JOBS}/loss").json()["properties"]["best_child_run_id"] == "loss_1"


def test_the_best_child_has_the_model(client: TestClient, yard: Yard) -> None:
    """The winner is the engine's choice, not always the best score; its files are copied to its own run."""
    submitted(client, "pick")
    client.post(f"{JOBS}/pick/trial-records", json=batch(report(0, 0.7), report(1, 0.9)))
    assert client.get(f"{JOBS}/pick_best_child").json()["name"] == "pick_1"
    artifacts = yard.state.storage.run_artifacts("default")
    artifacts.put_stream(f"{run_folder('pick')}/outputs/mlflow-model/MLmodel", [b"flavors: {}"])
    artifacts.put_stream(f"{run_folder('pick')}/outputs/other.bin", [b"large"])
    search = {"best": 0, "model": True, "metrics": {"holdout": {"AUC_weighted": 0.68}}, "properties": {"rows": "10"}}
    for _ in range(2):
        answer = client.post(f"{JOBS}/pick/trial-records", json=batch(report(1, 0.9), search=search))
        assert answer.json()["recorded"] == 0, answer.text
    job = client.get(f"{JOBS}/pick").json()
    assert job["properties"]["best_child_run_id"] == "pick_0"
    assert job["properties"]["score"] == "0.7"
    assert job["properties"]["rows"] == "10"
    run = client.get("/mlflow/default/api/2.0/mlflow/runs/get", params={"run_id": "pick"}).json()["run"]
    assert {tag["key"]: tag["value"] for tag in run["data"]["tags"]}["automl_best_child_run_id"] == "pick_0"
    assert {metric["key"] for metric in run["data"]["metrics"]} == {"holdout_AUC_weighted"}
    child = client.get(f"{JOBS}/pick_best_child").json()
    assert child["name"] == "pick_0"
    assert child["outputs"]["mlflow-model"]["type"] == "mlflow_model"
    files = client.get(
        "/api/v1/workspaces/default/files", params={"uri": "azureml://jobs/pick_best_child/outputs/mlflow-model/"}
    ).json()["value"]
    assert [file["path"] for file in files] == ["MLmodel"]
    assert not (Path(str(artifacts.local_path(run_folder("pick_0")))) / "outputs" / "other.bin").exists()


def test_a_model_of_the_best_child_knows_where_it_came_from(client: TestClient, yard: Yard) -> None:
    submitted(client, "origin")
    artifacts = yard.state.storage.run_artifacts("default")
    artifacts.put_stream(f"{run_folder('origin')}/outputs/mlflow-model/MLmodel", [b"flavors: {}"])
    client.post(
        f"{JOBS}/origin/trial-records", json=batch(report(0, 0.7), report(1, 0.6), search={"best": 0, "model": True})
    )
    model = {
        "name": "origin-model",
        "version": "5",
        "type": "mlflow_model",
        "path": "azureml://jobs/origin_best_child/outputs/mlflow-model/",
    }
    answer = client.post("/api/v1/workspaces/default/models", json=model)
    assert answer.status_code == 201, answer.text
    found = client.get("/api/v1/workspaces/default/lineage/model/origin-model/5").json()
    assert "origin_0" in {node["name"] for node in found["nodes"]}
    # A trial that is not the best kept no model.
    poor = model | {"version": "6", "path": "azureml://jobs/origin_1/outputs/mlflow-model/"}
    assert client.post("/api/v1/workspaces/default/models", json=poor).status_code == 400


def test_an_attempt_that_begins_anew_counts_on_its_own(client: TestClient) -> None:
    submitted(client, "twice")
    client.post(f"{JOBS}/twice/trial-records", json=batch(report(0, 0.9)))
    answer = client.post(
        f"{JOBS}/twice/trial-records", json=batch(report(0, 0.8), attempt=2, search={"best": 0, "model": False})
    )
    assert answer.json()["recorded"] == 1, answer.text
    assert client.get(f"{JOBS}/twice_best_child").json()["name"] == "twice_2_0"


def test_a_jobs_token_tells_of_its_own_trials_alone(client: TestClient, yard: Yard) -> None:
    submitted(client, "mine")
    submitted(client, "theirs")
    headers = yard.as_role("job", workspace="default", job="mine")
    assert client.post(f"{JOBS}/mine/trial-records", json=batch(report(0, 0.7)), headers=headers).status_code == 200
    assert client.post(f"{JOBS}/theirs/trial-records", json=batch(report(0, 0.7)), headers=headers).status_code == 403


def test_numbers_beyond_json_and_unknown_winners_are_refused(client: TestClient) -> None:
    submitted(client, "odd")
    wild = batch(report(0, 0.7) | {"score": "nan"})
    assert client.post(f"{JOBS}/odd/trial-records", json=wild).status_code == 400
    nobody = batch(search={"best": 7, "model": True})
    assert client.post(f"{JOBS}/odd/trial-records", json=nobody).status_code == 400


def test_a_trial_is_not_submitted(client: TestClient) -> None:
    answer = client.post(JOBS, json={"type": "trial", "algorithm": "LightGBM"})
    assert answer.status_code == 422, answer.text
    assert answer.json()["error"]["mend"].startswith("use one of automl, command")
