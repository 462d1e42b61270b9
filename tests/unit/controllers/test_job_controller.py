"""The job controller step by step, over a backend without processes, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from modelyard.domain.errors import ModelyardError, StorageFull
from modelyard.domain.statuses import JobStatus
from modelyard.domain.task import ExitRecord
from modelyard.kit.paging import Page
from modelyard.store.database import Database
from modelyard.store.records import AssetKind, LineageNode
from modelyard.store.rows.mlflow_tables import runs
from modelyard.testing.fake_compute import FakeBackend

from .yard import Yard


@pytest.fixture
def backend() -> FakeBackend:
    return FakeBackend()


@pytest.fixture
def yard(database: Database, tmp_path: Path, backend: FakeBackend) -> Iterator[Yard]:
    yield Yard.make(database, tmp_path / "home", backend)


def run_status(yard: Yard, name: str) -> str:
    with yard.database.snapshot() as tx:
        run_id = tx.jobs.get("default", name).run_id
        return str(tx.runs.status(run_id))


def test_a_job_goes_through_its_statuses_and_its_run_with_it(yard: Yard, backend: FakeBackend) -> None:
    name = yard.submit("sleep")
    assert (yard.status(name), run_status(yard, name)) == ("Queued", "SCHEDULED")
    yard.controller.step()
    assert (yard.status(name), run_status(yard, name)) == ("Running", "RUNNING")
    backend.end(backend.launches[0], ExitRecord(0, started_at=1000.0, ended_at=1001.0))
    yard.controller.step()
    job = yard.job(name)
    assert job.status == "Completed"
    assert run_status(yard, name) == "FINISHED"
    assert yard.events(name) == ["Starting", "Running", "Finalizing", "Completed"]
    assert job.attempt == 1
    assert job.ended_at is not None
    assert job.ended_at.timestamp() == 1001.0


@pytest.mark.parametrize("client_ended_it", [False, True])
def test_the_run_of_a_paused_job_waits_and_goes_on(yard: Yard, backend: FakeBackend, client_ended_it: bool) -> None:
    """MLflow has no word for paused. Its client, told to stop, may have written an end of its own."""
    name = yard.submit("sleep")
    yard.controller.step()
    began = run_times(yard, name)
    pause(yard, name, wanted=True)
    if client_ended_it:
        with yard.database.transaction() as tx:
            tx.runs.end(tx.jobs.get("default", name).run_id, "FAILED", tx.now)
    yard.controller.step()
    yard.controller.step()
    assert (yard.status(name), run_status(yard, name)) == ("Paused", "SCHEDULED")
    assert run_times(yard, name) == began
    pause(yard, name, wanted=False)
    yard.controller.step()
    assert (yard.status(name), run_status(yard, name)) == ("Running", "RUNNING")
    assert run_times(yard, name) == began
    backend.end(backend.launches[1], ExitRecord(0))
    yard.controller.step()
    assert run_status(yard, name) == "FINISHED"


def test_the_run_of_a_job_that_is_tried_again_waits_and_goes_on(yard: Yard, backend: FakeBackend) -> None:
    name = yard.submit("sleep", properties={"modelyard.max_retries": "1"})
    yard.controller.step()
    with yard.database.transaction() as tx:
        tx.runs.end(tx.jobs.get("default", name).run_id, "FAILED", tx.now)
    backend.end(backend.launches[0], ExitRecord(1, error={"type": "E", "message": "it broke"}))
    yard.controller.step()
    assert (yard.status(name), run_status(yard, name)) == ("Queued", "SCHEDULED")


def pause(yard: Yard, name: str, *, wanted: bool) -> None:
    with yard.database.transaction(actor="server") as tx:
        tx.jobs.request_pause("default", name, wanted=wanted)


def run_times(yard: Yard, name: str) -> tuple[int, int | None]:
    """Start and end of the run, as MLflow's clients read them."""
    with yard.database.snapshot() as tx:
        run_id = tx.jobs.get("default", name).run_id
        found = tx.connection.execute(select(runs.c.start_time, runs.c.end_time).where(runs.c.run_uuid == run_id))
        start, end = found.one()
        return start, end


def test_a_failure_shows_the_tasks_own_error(yard: Yard, backend: FakeBackend) -> None:
    name = yard.submit("sleep")
    yard.controller.step()
    error = {"type": "ValueError", "message": "no rows", "where": "train.py:3", "hint": "give it rows"}
    backend.end(backend.launches[0], ExitRecord(1, error=error))
    yard.controller.step()
    job = yard.job(name)
    assert job.status == "Failed"
    assert job.error is not None
    assert job.error.to_dict() == {**error, "exit_code": 1}
    assert run_status(yard, name) == "FAILED"


def test_no_more_than_fits_runs_at_once(yard: Yard, backend: FakeBackend) -> None:
    names = [yard.submit("sleep") for _ in range(5)]
    yard.controller.step()
    assert [yard.status(name) for name in names] == ["Running", "Running", "Queued", "Queued", "Queued"]
    backend.end(backend.launches[0], ExitRecord(0))
    yard.controller.step()
    assert [yard.status(name) for name in names] == ["Completed", "Running", "Running", "Queued", "Queued"]


def test_priority_comes_before_age(yard: Yard, backend: FakeBackend) -> None:
    running = [yard.submit("sleep") for _ in range(2)]
    yard.controller.step()
    low = yard.submit("sleep", queue_settings={"priority": "low"})
    middle = yard.submit("sleep")
    high = yard.submit("sleep", queue_settings={"priority": "high"})
    for directory in list(backend.launches):
        backend.end(directory, ExitRecord(0))
    yard.controller.step()
    assert [yard.status(name) for name in (*running, low, middle, high)] == [
        "Completed",
        "Completed",
        "Queued",
        "Running",
        "Running",
    ]


def test_a_smaller_job_passes_one_that_does_not_fit(yard: Yard) -> None:
    first = yard.submit("sleep")
    yard.controller.step()
    large = yard.submit("sleep", resources={"properties": {"cpus": 2}})
    small = yard.submit("sleep")
    yard.controller.step()
    assert [yard.status(name) for name in (first, large, small)] == ["Running", "Queued", "Running"]


def test_cancel_before_it_started(yard: Yard, backend: FakeBackend) -> None:
    name = yard.submit("sleep")
    with yard.database.transaction() as tx:
        yard.jobs.cancel(tx, "default", name)
    yard.controller.step()
    assert (yard.status(name), run_status(yard, name)) == ("Canceled", "KILLED")
    assert backend.launches == []


def test_cancel_while_it_runs(yard: Yard, backend: FakeBackend) -> None:
    name = yard.submit("sleep")
    yard.controller.step()
    with yard.database.transaction() as tx:
        yard.jobs.cancel(tx, "default", name)
    yard.controller.step()
    yard.controller.step()
    assert yard.events(name)[-2:] == ["CancelRequested", "Canceled"]
    assert len(backend.stops) == 1


def test_a_retry_is_a_new_attempt_in_a_new_directory(yard: Yard, backend: FakeBackend) -> None:
    name = yard.submit("sleep", properties={"modelyard.max_retries": 1})
    yard.controller.step()
    backend.end(backend.launches[0], ExitRecord(1, error={"type": "E", "message": "first"}))
    yard.controller.step()
    assert yard.status(name) == "Queued"
    with yard.database.transaction() as tx:
        tx.jobs.wake("default", name)
    yard.controller.step()
    assert [Path(directory).name for directory in backend.launches] == ["1", "2"]
    backend.end(backend.launches[1], ExitRecord(0))
    yard.controller.step()
    job = yard.job(name)
    assert (job.status, job.attempt, job.error) == ("Completed", 2, None)


def test_a_lost_launcher_fails_the_job_with_its_reason(yard: Yard, backend: FakeBackend) -> None:
    name = yard.submit("sleep")
    yard.controller.step()
    backend.lose(backend.launches[0])
    yard.controller.step()
    error = yard.job(name).error
    assert error is not None
    assert error.type == "LauncherLost"
    assert "launcher was killed" in error.message


def test_a_launch_that_is_refused_fails_the_job(yard: Yard, backend: FakeBackend) -> None:
    backend.refuse = StorageFull("The disk is full: the task could not be written.")
    name = yard.submit("exit 0")
    yard.controller.step()
    job = yard.job(name)
    assert job.status == "Failed"
    assert job.error is not None
    assert job.error.type == "StorageFull"
    other = yard.submit("exit 0")
    yard.controller.step()
    assert yard.status(other) == "Completed"


def test_the_jobs_token_works_until_it_ends(yard: Yard, backend: FakeBackend) -> None:
    name = yard.submit("sleep")
    yard.controller.step()
    variables = backend.document(backend.launches[0])["env"]
    assert isinstance(variables, dict)
    with yard.database.snapshot() as tx:
        found = tx.tokens.find(variables["MODELYARD_TOKEN"])
    assert found is not None
    assert (found.workspace, found.job_name, found.role) == ("default", name, "job")
    backend.end(backend.launches[0], ExitRecord(0))
    yard.controller.step()
    with yard.database.snapshot() as tx:
        assert tx.tokens.find(variables["MODELYARD_TOKEN"]) is None


def test_expressions_and_variables_of_the_task(yard: Yard, backend: FakeBackend) -> None:
    name = yard.submit(
        "train --rate ${{inputs.rate}} --out ${{outputs.model}}",
        inputs={"rate": 0.1},
        outputs={"model": {"type": "uri_folder"}},
        environment_variables={"MODEL_PLACE": "${{outputs.model}}/x"},
        experiment_name="first",
    )
    yard.controller.step()
    document = backend.document(backend.launches[0])
    place = f"{yard.home}/storage/default/workspaceblobstore/azureml/{name}/model"
    assert document["command"] == f"train --rate 0.1 --out {place}"
    variables = document["env"]
    assert isinstance(variables, dict)
    assert variables["MODEL_PLACE"] == f"{place}/x"
    assert variables["AZURE_ML_OUTPUT_model"] == place
    assert variables["AZURE_ML_INPUT_rate"] == "0.1"
    assert variables["MLFLOW_RUN_ID"] == variables["AZUREML_RUN_ID"] == name
    assert variables["MLFLOW_TRACKING_URI"].endswith("/mlflow/default")
    assert variables["AZUREML_ARM_PROJECT_NAME"] == "first"


def test_a_named_output_becomes_an_asset_with_lineage(yard: Yard, backend: FakeBackend) -> None:
    name = yard.submit("sleep", outputs={"clean": {"type": "uri_folder", "name": "clean-data"}})
    yard.controller.step()
    place = yard.home / "storage" / "default" / "workspaceblobstore" / "azureml" / name / "clean"
    place.mkdir(parents=True)
    (place / "a.csv").write_text("1")
    backend.end(backend.launches[0], ExitRecord(0))
    yard.controller.step()
    assert yard.status(name) == "Completed"
    with yard.database.snapshot() as tx:
        graph = tx.lineage.graph("default", LineageNode("data", "clean-data", "1"), direction="up")
    assert [edge.source.name for edge in graph.edges] == [name]


def test_a_model_is_made_by_one_job_and_read_by_another(yard: Yard, backend: FakeBackend) -> None:
    name = yard.submit("sleep", outputs={"model": {"type": "custom_model", "name": "fraud"}})
    yard.controller.step()
    place = yard.home / "storage" / "default" / "workspaceblobstore" / "azureml" / name / "model"
    place.mkdir(parents=True)
    (place / "model.txt").write_text("tree")
    backend.end(backend.launches[0], ExitRecord(0))
    yard.controller.step()
    assert yard.status(name) == "Completed"
    yard.submit("score ${{inputs.m}}", inputs={"m": {"type": "custom_model", "path": "azureml:fraud@latest"}})
    yard.controller.step()
    assert backend.document(backend.launches[1])["command"] == f"score {place}"
    with yard.database.snapshot() as tx:
        graph = tx.lineage.graph("default", LineageNode("model", "fraud", "1"))
    assert [edge.relation for edge in graph.edges] == ["produced", "consumed"]


def test_an_output_that_cannot_be_registered_fails_the_job(yard: Yard, backend: FakeBackend) -> None:
    name = yard.submit("sleep", outputs={"clean": {"type": "uri_folder", "name": "clean-data"}})
    yard.controller.step()
    backend.end(backend.launches[0], ExitRecord(0))
    yard.controller.step()
    job = yard.job(name)
    assert job.status == "Failed"
    assert job.error is not None
    assert "wrote nothing" in job.error.message


def test_a_server_that_was_killed_is_followed_by_one_that_goes_on(
    yard: Yard, database: Database, backend: FakeBackend
) -> None:
    """Killed after the decision to start was written and before anything was started."""
    name = yard.submit("sleep")
    backend.refuse = KeyboardInterrupt()  # type: ignore[assignment]
    with pytest.raises(KeyboardInterrupt):
        yard.controller.step()
    assert (yard.status(name), backend.launches) == ("Starting", [])
    again = Yard.make(database, yard.home, backend)
    again.controller.start()
    again.wait(name, JobStatus.RUNNING)
    again.controller.stop()
    assert len(backend.launches) == 1


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"compute": "gpu-cluster"}, "compute", "There are: local"),
        ({"resources": {"properties": {"cpus": 64}}}, "resources.properties.cpus", "could never start"),
        ({"resources": {"instance_count": 3}}, "resources.properties.cpus", "could never start"),
        ({"resources": {"properties": {"gpus": 1}}}, "resources.properties.gpus", "could never start"),
        ({"resources": {"properties": {"memory": "900g"}}}, "resources.properties.memory_bytes", "900.0 GiB of memory"),
        ({"properties": {"modelyard.retries": "1"}}, "properties.modelyard.retries", "no property"),
        ({"inputs": {"d": {"path": "azureml:iris:3"}}}, "inputs.d.path", "iris"),
        ({"inputs": {"d": {"path": "/etc/passwd"}}}, "inputs.d.path", "somebody's machine"),
        ({"inputs": {"d": {"type": "integer"}}}, "inputs.d", "no value"),
        ({"outputs": {"o": {"path": "azureml://datastores/none/paths/x"}}}, "name", "none"),
        ({"environment": "azureml:none:1"}, "environment", "none"),
        ({"environment": {"conda_file": {"dependencies": ["cudatoolkit=11"]}}}, "environment", "cudatoolkit"),
        ({"distribution": {"type": "ray"}}, "distribution", "ray"),
        ({"properties": {"modelyard.max_retries": "many"}}, "properties.modelyard.max_retries", "many"),
        ({"code": "./src"}, "code", "somebody's machine"),
    ],
)
def test_what_could_never_run_is_refused(yard: Yard, fields: dict[str, object], field: str, words: str) -> None:
    with pytest.raises(ModelyardError) as caught:
        yard.submit("true", **fields)
    error = caught.value
    assert str(error.field).startswith(field), error
    assert words in f"{error.message} {error.mend}"
    with yard.database.snapshot() as tx:
        assert tx.jobs.count_by_status() == {}


def test_what_was_uploaded_with_a_job_is_in_its_lineage(yard: Yard) -> None:
    uploads = "azureml://datastores/workspaceblobstore/paths/LocalUpload"
    table = {"t": {"type": "uri_file", "path": f"{uploads}/{'b' * 64}/t.csv"}}
    names = [yard.submit("score ${{inputs.t}}", code=f"{uploads}/{'a' * 64}/src", inputs=table) for _ in range(2)]
    with yard.database.snapshot() as tx:
        graph = tx.lineage.graph("default", LineageNode("job", names[1]), direction="up")
        listed = tx.assets.list("default", AssetKind.DATA, Page()).items
    found = {(edge.source.kind, edge.source.version) for edge in graph.edges}
    assert found == {("code", "a" * 64), ("data", "b" * 64)}
    assert listed == []


def test_a_job_s_output_as_input_links_the_jobs(yard: Yard) -> None:
    first = yard.submit("make", outputs={"table": {"type": "uri_folder"}})
    path = f"azureml://jobs/{first}/outputs/table"
    second = yard.submit("read ${{inputs.t}}", inputs={"t": {"type": "uri_folder", "path": path}})
    with yard.database.snapshot() as tx:
        graph = tx.lineage.graph("default", LineageNode("job", second), direction="up")
    assert [(edge.source.kind, edge.source.name) for edge in graph.edges] == [("job", first)]
