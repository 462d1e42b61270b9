"""A model that a run logged is found under the run, though MLflow 3 keeps its files apart."""

from __future__ import annotations

import pytest
from sqlalchemy import insert

from modelyard.services.model_addresses import download_uri
from modelyard.services.run_files import run_file_path
from modelyard.store.database import Database
from modelyard.store.rows.mlflow_tables import logged_models
from modelyard.store.transaction import Transaction


@pytest.fixture
def tx(database: Database):
    with database.transaction(actor="ann") as opened:
        opened.workspaces.create("w")
        experiment = opened.runs.create_for_job("w", "fraud", "calm_river", "calm_river")
        for number in (1, 2):
            values = {
                "model_id": f"m-{number}",
                "experiment_id": experiment,
                "name": "model",
                "artifact_location": f"mlflow-artifacts:/{experiment}/models/m-{number}/artifacts",
                "creation_timestamp_ms": number,
                "last_updated_timestamp_ms": number,
                "status": 2,
                "lifecycle_stage": "active",
                "source_run_id": "calm_river",
            }
            opened.connection.execute(insert(logged_models).values(values))
        yield opened


def test_the_newest_model_of_that_name(tx: Transaction) -> None:
    found = run_file_path(tx, "calm_river", "model/MLmodel")
    assert found.endswith("/models/m-2/artifacts/MLmodel")


@pytest.mark.parametrize("path", ["outputs/model", "models", "", "user_logs/std_log.txt"])
def test_other_files_lie_in_the_run_s_folder(tx: Transaction, path: str) -> None:
    assert run_file_path(tx, "calm_river", path) == f"ExperimentRun/dcid.calm_river/{path}".rstrip("/")


def test_a_model_registered_from_a_run_leads_there(tx: Transaction) -> None:
    assert download_uri(tx, "w", "runs:/calm_river/model").endswith("/models/m-2/artifacts")
