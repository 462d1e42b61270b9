"""The whole platform on PostgreSQL: a job, its run, a model, from the first start on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .installation import Installation

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.slow
@pytest.mark.postgres
def test_job_to_model(postgresql_server: Any, installations: Callable[..., Installation]) -> None:
    url = postgresql_server.new_database()
    team = installations(MODELYARD_DATABASE_URL=url)
    try:
        team.up()
        assert not (team.home / "modelyard.db").exists()
        team.cli("job", "create", "-f", "job.yml", "--name", "iris-job", "--stream", cwd=EXAMPLES / "jobs" / "lightgbm")
        model = "azureml://jobs/iris-job/outputs/model"
        team.cli("model", "create", "-n", "iris", "--type", "mlflow_model", "--path", model)
        assert team.cli("model", "show", "-n", "iris", "-v", "1", "--query", "job_name", "-o", "tsv") == "iris-job"
    finally:
        team.down()
        postgresql_server.drop_database(url)
