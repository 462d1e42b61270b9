"""Pipelines on both databases: their nodes run on a backend without processes, and end as a test tells them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from modelyard.artifacts.storage import Storage
from modelyard.controllers.pipelines import PipelineController
from modelyard.domain.errors import Conflict
from modelyard.domain.job import Job
from modelyard.domain.task import ExitRecord
from modelyard.kinds.pipeline import PipelineJob
from modelyard.services import pipelines
from modelyard.services.files import locate
from modelyard.services.job_outputs import JobOutputs
from modelyard.store.database import Database
from modelyard.testing.fake_compute import FakeBackend

from .yard import Yard

WRITES: dict[str, Any] = {"command": "sleep 1 > ${{outputs.n}}", "outputs": {"n": {"type": "uri_file"}}}


def reads(node: str, **fields: Any) -> dict[str, Any]:
    return {**WRITES, "inputs": {"before": f"${{{{parent.jobs.{node}.outputs.n}}}}"}, **fields}


class PipelineYard:
    def __init__(self, database: Database, home: Path) -> None:
        self.database = database
        self.home = home
        self.storage = Storage(home)
        self.backend = FakeBackend()
        self.yard = Yard.make(database, home, self.backend, cpus=8)
        self.forget()

    def forget(self) -> None:
        """The server is killed and another begins."""
        self.pipelines = PipelineController(self.database, "this-host", JobOutputs(self.storage), lambda: None)
        self.pipelines.submit_by(self.yard.jobs)
        with self.database.transaction(actor="server") as tx:
            tx.jobs.release("pipelines@this-host")

    def submit(self, jobs: dict[str, Any], **fields: Any) -> str:
        job = PipelineJob.from_dict({"type": "pipeline", "jobs": jobs, **fields})
        with self.database.transaction(actor="ada") as tx:
            name = str(self.yard.jobs.create(tx, "default", job).name)
        self.step()
        return name

    def step(self) -> None:
        for _ in range(2):
            self.pipelines.step()
            self.yard.controller.step()

    def finish(self, pipeline: str, node: str, *, text: str = "1", code: int = 0) -> None:
        """The node's command writes its outputs and ends."""
        name = self.nodes(pipeline)[node]["job"]
        job = self.job(name)
        for output in (getattr(job, "outputs", None) or {}).values():
            if code == 0 and output.path:
                with self.database.snapshot() as tx:
                    place = locate(tx, self.storage, "default", output.path)
                place.store.put_stream(place.path, [text.encode()])
        error = {"type": "E", "message": f"{node} broke"} if code else None
        self.backend.end(str(self.home / "jobs" / "default" / name / "1"), ExitRecord(code, error=error))
        self.step()

    def nodes(self, pipeline: str) -> dict[str, dict[str, Any]]:
        with self.database.snapshot() as tx:
            return {row["node"]: row for row in pipelines.nodes_of(tx, "default", pipeline)}

    def phases(self, pipeline: str) -> dict[str, str]:
        return {node: row["phase"] for node, row in self.nodes(pipeline).items()}

    def job(self, name: str) -> Job:
        return self.yard.job(name)


@pytest.fixture
def yard(database_url: str, tmp_path: Path) -> Iterator[PipelineYard]:
    database = Database(database_url)
    yield PipelineYard(database, tmp_path)
    database.dispose()


def test_nodes_run_when_what_they_read_is_there(yard: PipelineYard) -> None:
    name = yard.submit({"a": WRITES, "b": reads("a"), "c": reads("b")})
    assert yard.phases(name) == {"a": "active", "b": "waiting", "c": "waiting"}
    yard.finish(name, "a")
    assert yard.phases(name) == {"a": "completed", "b": "active", "c": "waiting"}
    child = yard.job(yard.nodes(name)["b"]["job"])
    assert child.inputs["before"].path == yard.nodes(name)["a"]["outputs"]["n"]
    yard.forget()
    yard.finish(name, "b", text="2")
    yard.finish(name, "c", text="3")
    assert yard.job(name).status == "Completed"


def test_what_has_not_changed_is_not_run_again(yard: PipelineYard) -> None:
    jobs = {"a": WRITES, "b": reads("a", command="sleep 2 > ${{outputs.n}}")}
    first = yard.submit(jobs)
    yard.finish(first, "a")
    yard.finish(first, "b")
    second = yard.submit(jobs)
    assert yard.phases(second) == {"a": "reused", "b": "reused"}
    assert yard.job(second).status == "Completed"
    assert yard.nodes(second)["b"]["reused_from"] == yard.nodes(first)["b"]["job"]
    child = yard.job(yard.nodes(second)["b"]["job"])
    assert child.properties["azureml.isreused"] == "true"


def test_a_node_that_wrote_the_same_lets_the_rest_be_reused(yard: PipelineYard) -> None:
    first = yard.submit({"a": WRITES, "b": reads("a", command="sleep 2 > ${{outputs.n}}")})
    yard.finish(first, "a")
    yard.finish(first, "b")
    changed = {**WRITES, "command": "sleep  1 > ${{outputs.n}}"}
    second = yard.submit({"a": changed, "b": reads("a", command="sleep 2 > ${{outputs.n}}")})
    assert yard.phases(second) == {"a": "active", "b": "waiting"}
    yard.finish(second, "a")
    assert yard.phases(second) == {"a": "completed", "b": "reused"}
    with yard.database.snapshot() as tx:
        (told,) = pipelines.explain_reuse(tx, "default", second, "a")
    assert [change["part"] for change in told["changed"]] == ["command"]


def test_outputs_that_are_gone_are_made_again(yard: PipelineYard) -> None:
    first = yard.submit({"a": WRITES})
    yard.finish(first, "a")
    with yard.database.snapshot() as tx:
        place = locate(tx, yard.storage, "default", yard.nodes(first)["a"]["outputs"]["n"])
    place.store.delete(place.path)
    assert yard.phases(yard.submit({"a": WRITES})) == {"a": "active"}


@pytest.mark.parametrize("fields", [{"settings": {"force_rerun": True}}, {}])
def test_force_and_components_that_are_not_deterministic_run(yard: PipelineYard, fields: dict[str, Any]) -> None:
    jobs = {"a": WRITES if fields else {**WRITES, "is_deterministic": False}}
    first = yard.submit(jobs, **fields)
    yard.finish(first, "a")
    assert yard.phases(yard.submit(jobs, **fields)) == {"a": "active"}


def test_a_failure_ends_it_with_the_reason_and_it_goes_on_from_there(yard: PipelineYard) -> None:
    name = yard.submit({"a": WRITES, "b": reads("a"), "c": reads("b")})
    yard.finish(name, "a")
    yard.finish(name, "b", code=1)
    failed = yard.job(name)
    assert failed.status == "Failed"
    assert "b broke" in str(failed.error and failed.error.hint)
    with yard.database.transaction(actor="ada") as tx:
        pipelines.resume(tx, "default", name)
    yard.step()
    assert yard.phases(name) == {"a": "completed", "b": "active", "c": "waiting"}
    assert yard.nodes(name)["b"]["job"].endswith("_b-2")
    yard.finish(name, "b", text="5")
    yard.finish(name, "c", text="6")
    assert yard.job(name).status == "Completed"
    with pytest.raises(Conflict), yard.database.transaction() as tx:
        pipelines.resume(tx, "default", name)


def test_one_node_runs_anew_with_all_that_need_it(yard: PipelineYard) -> None:
    name = yard.submit({"a": WRITES, "b": reads("a"), "c": reads("b"), "d": reads("a", command="sleep 4")})
    for node in ("a", "b", "d", "c"):
        yard.finish(name, node, text=node)
    with yard.database.transaction(actor="ada") as tx:
        pipelines.resume(tx, "default", name, "b")
    yard.step()
    assert yard.phases(name) == {"a": "completed", "b": "active", "c": "waiting", "d": "completed"}


def test_a_cancel_ends_the_nodes_and_then_the_pipeline(yard: PipelineYard) -> None:
    name = yard.submit({"a": WRITES, "b": WRITES | {"command": "sleep 2 > ${{outputs.n}}"}})
    with yard.database.transaction(actor="ada") as tx:
        yard.yard.jobs.cancel(tx, "default", name)
    yard.step()
    for node in ("a", "b"):
        job = yard.nodes(name)[node]["job"]
        yard.backend.end(str(yard.home / "jobs" / "default" / job / "1"), ExitRecord(143, cancelled=True))
    with yard.database.transaction() as tx:
        tx.jobs.wake_active()
    yard.step()
    yard.step()
    assert yard.job(name).status == "Canceled"


def test_outputs_of_the_pipeline_are_registered(yard: PipelineYard) -> None:
    node = {**WRITES, "outputs": {"n": {"type": "uri_file", "path": "${{parent.outputs.rows}}"}}}
    name = yard.submit({"a": node}, outputs={"rows": {"type": "uri_file", "name": "kept-rows"}})
    yard.finish(name, "a")
    assert yard.job(name).status == "Completed"
    with yard.database.snapshot() as tx:
        assert tx.lineage is not None
        found = yard.job(name).outputs["rows"].path
        assert found == yard.nodes(name)["a"]["outputs"]["n"]


def test_a_pipeline_inside_gives_its_outputs(yard: PipelineYard) -> None:
    inner = {
        "type": "pipeline",
        "component": {
            "type": "pipeline",
            "inputs": {"x": {"type": "integer", "default": 4}},
            "outputs": {"out": {"type": "uri_file"}},
            "jobs": {
                "only": {
                    **WRITES,
                    "inputs": {"x": "${{parent.inputs.x}}"},
                    "outputs": {"n": {"type": "uri_file", "path": "${{parent.outputs.out}}"}},
                }
            },
        },
    }
    after = {"command": "sleep 9; cat ${{inputs.y}}", "inputs": {"y": "${{parent.jobs.in_.outputs.out}}"}}
    name = yard.submit({"in_": inner, "after": after})
    child = yard.nodes(name)["in_"]["job"]
    yard.finish(child, "only", text="7")
    yard.step()
    assert yard.phases(name) == {"in_": "completed", "after": "active"}
    read = yard.job(yard.nodes(name)["after"]["job"]).inputs["y"].path
    assert read == yard.nodes(child)["only"]["outputs"]["n"]
