"""The unmodified MLflow client against our server: tracking, artifacts, logged models, the registry, workspaces."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import mlflow
import pytest
import requests
from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException

from modelyard.domain.permissions import Role
from modelyard.domain.workspace import Workspace
from modelyard.services import workspaces
from modelyard.store.records import TokenKind
from modelyard.store.repositories.jobs import NewJob

from .conftest import _dispose_mlflow
from .server_thread import RunningServer, running_server


@pytest.fixture
def server(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningServer]:
    with running_server(tmp_path / "home", database_url) as running:
        with running.state.database.transaction() as tx:
            workspaces.ensure_default(tx)
            workspaces.create(tx, Workspace(name="team-b"))
        monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", running.token)
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        mlflow.set_tracking_uri(running.url)
        yield running
        # Not the address that was told before: MLflow would keep its default above the environment of later tests.
        mlflow.set_tracking_uri(None)
    _dispose_mlflow()


def test_tracking(server: RunningServer, tmp_path: Path) -> None:
    mlflow.set_experiment("first")
    with mlflow.start_run(run_name="parent", tags={"a": "b"}) as parent:
        mlflow.log_params({"depth": 3, "rate": 0.1})
        mlflow.log_metric("loss", 0.5, step=1)
        mlflow.log_metric("loss", math.nan, step=2)
        mlflow.log_metrics({"x": 1.0, "y": math.inf})
        (tmp_path / "note.txt").write_text("hello")
        mlflow.log_artifact(str(tmp_path / "note.txt"), "notes")
        mlflow.log_dict({"a": 1}, "facts.json")
        with mlflow.start_run(nested=True) as child:
            mlflow.log_metric("loss", 0.25)
    run = mlflow.get_run(parent.info.run_id)
    assert (run.info.run_name, run.info.status) == ("parent", "FINISHED")
    assert run.data.params == {"depth": "3", "rate": "0.1"}
    assert math.isnan(run.data.metrics["loss"])
    assert run.data.metrics["y"] > 1e308
    assert mlflow.get_run(child.info.run_id).data.tags["mlflow.parentRunId"] == parent.info.run_id
    found = mlflow.search_runs(filter_string="metrics.loss < 0.4", order_by=["metrics.loss"], output_format="list")
    assert [item.info.run_id for item in found] == [child.info.run_id]
    client = mlflow.MlflowClient()
    assert [item.path for item in client.list_artifacts(parent.info.run_id)] == ["facts.json", "notes"]
    assert [item.path for item in client.list_artifacts(parent.info.run_id, "notes")] == ["notes/note.txt"]
    assert mlflow.artifacts.load_text(f"{run.info.artifact_uri}/notes/note.txt") == "hello"
    stored = server.state.storage.run_artifacts("default").stat(
        f"ExperimentRun/dcid.{parent.info.run_id}/notes/note.txt"
    )
    assert stored.size == 5


def test_batches_deletion_and_refusals(server: RunningServer) -> None:
    client = mlflow.MlflowClient()
    run_id = client.create_run("0").info.run_id
    metrics = [Metric(f"m{index % 3}", float(index), 1000 + index, index) for index in range(300)]
    client.log_batch(run_id, metrics, [Param("p", "1")], [RunTag("t", "v")])
    assert len(client.get_metric_history(run_id, "m1")) == 100
    client.delete_tag(run_id, "t")
    client.set_terminated(run_id, "KILLED")
    assert client.get_run(run_id).info.status == "KILLED"
    with pytest.raises(MlflowException, match="Changing param values is not allowed") as refused:
        client.log_param(run_id, "p", "2")
    assert refused.value.error_code == "INVALID_PARAMETER_VALUE"
    client.delete_run(run_id)
    with pytest.raises(MlflowException, match="must be in the 'active' state"):
        client.log_metric(run_id, "m0", 1.0)
    client.restore_run(run_id)
    client.log_metric(run_id, "m0", 1.0)
    with pytest.raises(MlflowException, match="not found"):
        client.get_run("0" * 32)


def test_logged_models_and_the_registry(server: RunningServer, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "MLmodel").write_text("flavors:\n  python_function: {loader_module: doubler}\n")
    (folder / "weights.txt").write_text("2")
    client = mlflow.MlflowClient()
    run_id = client.create_run("0").info.run_id
    model = client.create_logged_model("0", name="doubler", source_run_id=run_id)
    client.log_model_artifacts(model.model_id, str(folder))
    client.finalize_logged_model(model.model_id, "READY")
    assert {item.path for item in client.list_logged_model_artifacts(model.model_id)} >= {"MLmodel"}
    version = mlflow.register_model(f"models:/{model.model_id}", "doubler", tags={"a": "b"})
    client.set_registered_model_alias("doubler", "champion", version.version)
    for uri in ("models:/doubler@champion", "models:/doubler/1", "models:/doubler/latest"):
        local = Path(mlflow.artifacts.download_artifacts(uri))
        assert (local / "weights.txt").read_text() == "2"

    with server.state.database.snapshot() as tx:
        ours = tx.models.by_label("default", "doubler", "champion")
        events = [(record.event.type, record.event.subject) for record in tx.events.after(0)]
        assert tx.models.container("default", "doubler").created_by == "admin"
    assert (ours.version, ours.tags, ours.run_id, ours.created_by) == ("1", {"a": "b"}, run_id, "admin")
    assert ("modelyard.model.created", "model/doubler/versions/1") in events
    assert ("modelyard.model.labeled", "model/doubler/versions/1") in events

    answer = requests.get(
        f"{server.url}/api/v1/workspaces/default/models/doubler/versions/1", headers=_bearer(server.token), timeout=10
    )
    assert answer.json()["path"].endswith(f"{model.model_id}/artifacts")
    client.rename_registered_model("doubler", "twice")
    client.delete_registered_model("twice")
    with server.state.database.snapshot() as tx:
        assert tx.models.known_versions("default", "twice") == []


def test_a_prompt_is_no_model(server: RunningServer) -> None:
    client = mlflow.MlflowClient()
    client.register_prompt("greeting", "Say {{word}}")
    assert client.get_prompt_version("greeting", "1").template == "Say {{word}}"
    url = f"{server.url}/api/v1/workspaces/default/models"
    assert requests.get(url, headers=_bearer(server.token), timeout=10).json()["value"] == []
    with server.state.database.snapshot() as tx:
        assert tx.events.after(0, types=["modelyard.model.*"]) == []


def test_models_of_ours_for_mlflow(server: RunningServer) -> None:
    store = server.state.storage.managed("default", "workspaceblobstore")
    store.put_stream("models/m1/weights.txt", [b"1 2 3"])
    body = {
        "name": "ours",
        "version": "2026-04",
        "path": "azureml://datastores/workspaceblobstore/paths/models/m1",
        "tags": {"team": "risk"},
    }
    url = f"{server.url}/api/v1/workspaces/default/models"
    assert requests.post(url, json=body, headers=_bearer(server.token), timeout=10).status_code == 201
    found = mlflow.MlflowClient().get_model_version("ours", "1")
    assert found.tags == {"team": "risk"}
    local = mlflow.artifacts.download_artifacts("models:/ours/1")
    assert (Path(local) / "weights.txt").read_text() == "1 2 3"


def test_a_job_is_a_run(server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> None:
    with server.state.database.transaction(actor="ann") as tx:
        tx.jobs.create(NewJob(workspace="default", name="keen_fig_1", run_id="keen_fig_1", kind="command", spec={}))
        tx.runs.create_for_job("default", "mine", "keen_fig_1", "keen_fig_1", user="ann")
        tx.jobs.create(
            NewJob(
                workspace="default",
                name="a_name_of_more_than_32_characters_1",
                run_id="0" * 32,
                kind="command",
                spec={},
            )
        )
        tx.runs.create_for_job(
            "default", "mine", "0" * 32, "a_name_of_more_than_32_characters_1", parent_run_id="keen_fig_1"
        )
    assert mlflow.get_run("keen_fig_1").info.status == "SCHEDULED"
    client = mlflow.MlflowClient()
    client.log_metric("a_name_of_more_than_32_characters_1", "m", 1.5)
    child = mlflow.get_run("a_name_of_more_than_32_characters_1")
    assert (child.info.run_id, child.data.metrics) == ("0" * 32, {"m": 1.5})
    assert child.data.tags["mlflow.parentRunId"] == "keen_fig_1"
    client.delete_run("a_name_of_more_than_32_characters_1")
    assert client.get_run("a_name_of_more_than_32_characters_1").info.lifecycle_stage == "deleted"
    monkeypatch.setenv("MLFLOW_RUN_ID", "keen_fig_1")
    with mlflow.start_run() as attached:
        mlflow.log_metric("acc", 0.9)
    assert attached.info.run_id == "keen_fig_1"


def test_a_model_of_a_job_has_its_lineage(server: RunningServer, tmp_path: Path) -> None:
    job = f"train_{uuid.uuid4().hex[:8]}"  # the client remembers the place of a run's files
    with server.state.database.transaction(actor="ann") as tx:
        tx.jobs.create(NewJob(workspace="default", name=job, run_id=job, kind="command", spec={}))
        tx.runs.create_for_job("default", "mine", job, job, user="ann")
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "MLmodel").write_text("flavors:\n  python_function: {loader_module: doubler}\n")
    (folder / "weights.txt").write_text("1")
    mlflow.MlflowClient().log_artifacts(job, str(folder), "model")
    version = mlflow.register_model(f"runs:/{job}/model", "fraud")
    url = f"{server.url}/api/v1/workspaces/default/models"
    body = {"name": "fraud", "path": f"azureml://jobs/{job}/outputs/artifacts/paths/model"}
    ours = requests.post(url, json=body, headers=_bearer(server.token), timeout=10).json()
    assert (version.version, ours["version"], ours["job_name"]) == ("1", "2", job)
    for number in ("1", "2"):
        local = Path(mlflow.artifacts.download_artifacts(f"models:/fraud/{number}"))
        assert (local / "weights.txt").read_text() == "1"
        lineage = f"{server.url}/api/v1/workspaces/default/lineage/models/fraud/{number}?direction=up"
        graph = requests.get(lineage, headers=_bearer(server.token), timeout=10).json()
        assert [edge["source"]["name"] for edge in graph["edges"]] == [job]


def test_workspaces_do_not_see_each_other(server: RunningServer) -> None:
    here = mlflow.MlflowClient()
    run_id = here.create_run("0").info.run_id
    there = mlflow.MlflowClient(f"{server.url}/mlflow/team-b")
    with pytest.raises(MlflowException, match="not found"):
        there.get_run(run_id)
    with pytest.raises(MlflowException, match="not found"):
        there.log_metric(run_id, "m", 1.0)
    theirs = there.create_run("0")
    assert theirs.info.experiment_id != "0"
    there.log_text(theirs.info.run_id, "secret", "a.txt")
    assert [item.path for item in there.list_artifacts(theirs.info.run_id)] == ["a.txt"]
    assert [run.info.run_id for run in there.search_runs(["0"])] == [theirs.info.run_id]
    assert [run.info.run_id for run in here.search_runs(["0", theirs.info.experiment_id])] == [run_id]
    path = f"/api/2.0/mlflow-artifacts/artifacts/ExperimentRun/dcid.{theirs.info.run_id}/a.txt"
    assert requests.get(server.url + path, headers=_bearer(server.token), timeout=10).status_code == 404
    header = {**_bearer(server.token), "X-MLFLOW-WORKSPACE": "team-b"}
    assert requests.get(server.url + path, headers=header, timeout=10).text == "secret"
    with pytest.raises(MlflowException, match="Workspace 'nowhere' not found"):
        mlflow.MlflowClient(f"{server.url}/mlflow/nowhere").search_runs(["0"])


def test_the_workspace_of_a_client_by_header(server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_WORKSPACE", "team-b")
    run = mlflow.MlflowClient(server.url).create_run("0")
    monkeypatch.delenv("MLFLOW_WORKSPACE")
    assert mlflow.MlflowClient(f"{server.url}/mlflow/team-b").get_run(run.info.run_id)


TRACING = """
import json, sys
import mlflow
mlflow.set_tracking_uri(sys.argv[1])
mlflow.set_experiment("traced")
@mlflow.trace
def inner(number): return number + 1
@mlflow.trace
def outer(number): return inner(number) * 2
outer(1)
mlflow.flush_trace_async_logging()
found = [[span.name for span in trace.data.spans] for trace in mlflow.search_traces(return_type="list")]
mlflow.set_tracking_uri(sys.argv[2])
print(json.dumps([found, len(mlflow.search_traces(locations=["0"], return_type="list"))]))
"""


@pytest.mark.slow
def test_traces(server: RunningServer) -> None:
    # A process of its own: tracing in the process of MLflow's handlers would trace into itself.
    command = [sys.executable, "-W", "ignore", "-c", TRACING, f"{server.url}/mlflow/team-b", server.url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == [[["outer", "inner"]], 0]


def test_every_call_needs_a_token(server: RunningServer) -> None:
    paths = [
        "/api/2.0/mlflow/experiments/get?experiment_id=0",
        "/api/2.0/mlflow-artifacts/artifacts?path=",
        "/api/3.0/mlflow/server-info",
        "/mlflow/team-b/api/2.0/mlflow/experiments/get?experiment_id=0",
        "/v1/traces",
        "/version",
    ]
    for path in paths:
        assert requests.get(server.url + path, timeout=10).status_code == 401
        assert requests.get(server.url + path, headers=_bearer("wrong"), timeout=10).status_code == 401
    by_password = requests.get(server.url + paths[0], auth=("anyone", server.token), timeout=10)
    assert by_password.json()["experiment"]["name"] == "Default"


def test_a_token_of_one_workspace_stays_in_it(server: RunningServer) -> None:
    with server.state.database.transaction() as tx:
        _, token = tx.tokens.create(TokenKind.JOB, "j", actor="job:j", role=Role.JOB, workspace="team-b", job_name="j")
        _, reader = tx.tokens.create(TokenKind.USER, "r", actor="rob", role=Role.READER)
    search = f"{server.url}/api/2.0/mlflow/experiments/search"
    body = {"max_results": 5}
    assert requests.post(search, json=body, headers=_bearer(token), timeout=10).json() == {}
    refused = {**_bearer(token), "X-MLFLOW-WORKSPACE": "default"}
    assert requests.post(search, json=body, headers=refused, timeout=10).status_code == 403
    assert requests.post(search, json=body, headers=_bearer(reader), timeout=10).status_code == 200
    create = f"{server.url}/api/2.0/mlflow/runs/create"
    assert requests.post(create, json={"experiment_id": "0"}, headers=_bearer(reader), timeout=10).status_code == 403


def test_paths_stay_inside(server: RunningServer) -> None:
    root = f"{server.url}/api/2.0/mlflow-artifacts/artifacts"
    for path in ("..%2f..%2fadmin-token", "a/..%2f..%2f..%2fadmin-token", "%2fetc%2fpasswd", "a%00b", "a%5cb"):
        for method in ("GET", "PUT", "DELETE"):
            answer = requests.request(method, f"{root}/{path}", headers=_bearer(server.token), data=b"x", timeout=10)
            assert 400 <= answer.status_code < 500, (method, path)
    listed = requests.get(root, params={"path": "../.."}, headers=_bearer(server.token), timeout=10)
    assert listed.status_code == 400
    multipart = requests.post(f"{root[: -len('artifacts')]}mpu/create/a", headers=_bearer(server.token), timeout=10)
    assert multipart.json()["error_code"] == "NOT_IMPLEMENTED"


def test_what_mlflow_has_and_we_do_not_serve(server: RunningServer) -> None:
    for path in ("/api/3.0/mlflow/gateway/secrets/list", "/api/2.0/mlflow/webhooks", "/api/3.0/mlflow/nothing"):
        assert requests.get(server.url + path, headers=_bearer(server.token), timeout=10).status_code in (404, 422)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("runs/update", {"status": []}),
        ("runs/log-batch", {"params": None}),
        ("runs/log-metric", {"key": {}, "value": [], "timestamp": {}}),
        ("runs/search", {"run_view_type": {}, "max_results": {}}),
        ("experiments/search", {"view_type": [], "max_results": "x"}),
        ("runs/log-parameter", {"key": "a\x00b", "value": "c"}),
    ],
)
def test_values_of_a_wrong_type_are_refused(server: RunningServer, path: str, body: dict[str, object]) -> None:
    run_id = mlflow.MlflowClient().create_run("0").info.run_id
    url = f"{server.url}/api/2.0/mlflow/{path}"
    answer = requests.post(url, json={"run_id": run_id, **body}, headers=_bearer(server.token), timeout=30)
    assert 400 <= answer.status_code < 500, answer.text


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
