"""The job controller over real processes of this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from modelyard.compute.local import LocalBackend
from modelyard.store.database import Database

from .yard import Yard


@pytest.fixture
def yard(database: Database, tmp_path: Path) -> Iterator[Yard]:
    yard = Yard.make(database, tmp_path / "home", LocalBackend())
    yard.controller.start()
    yield yard
    yard.controller.stop()


def test_a_job_runs_to_completion(yard: Yard) -> None:
    name = yard.submit("echo hello; echo $AZUREML_RUN_ID > outputs/id.txt")
    job = yard.wait(name)
    assert job.status == "Completed", job.error
    assert yard.log(name) == "hello\n"
    assert (yard.artifacts(name) / "outputs" / "id.txt").read_text().strip() == job.run_id
    assert yard.events(name)[-2:] == ["Finalizing", "Completed"]
    with yard.database.snapshot() as tx:
        assert tx.runs.exists(str(job.run_id))
