"""A job with `many_models_by` trains a model a group, and leaves one model that answers for all."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from modelyard.automl.groups.groups_predictor import GroupsPredictor
from modelyard.automl.job_file import JobFile
from modelyard.automl.job_log import JobLog
from modelyard.automl.job_run import JobRun
from modelyard.kinds.automl import RegressionJob
from modelyard.scorer.loading import load_mlflow_model
from modelyard.scorer.model import MlflowFiles


@pytest.mark.slow
def test_one_model_answers_for_all_groups(tmp_path: Path):
    draw = np.random.default_rng(0)
    price = draw.normal(size=300)
    table = pd.DataFrame({"store": np.repeat(["a", "b"], 150), "price": price})
    table["units"] = np.where(table["store"] == "a", 2, -2) * price + draw.normal(size=300) * 0.1
    table.to_csv(tmp_path / "sales.csv", index=False)
    job = RegressionJob(
        training_data={"type": "uri_file", "path": "sales.csv"},
        target_column_name="units",
        many_models_by=["store"],
        limits={"timeout_minutes": 1, "max_trials": 4},
        n_cross_validations=3,
    )
    log = io.StringIO()
    file = JobFile(job, {"training_data": str(tmp_path / "sales.csv")}, {}, cores=1)
    assert JobRun(file, tmp_path / "outputs", JobLog(log)).run()
    assert "Not used with a model a group: folds" in log.getvalue()
    assert "ManyModels" in log.getvalue()
    predictor = GroupsPredictor.load(tmp_path / "outputs" / "predictor")
    up, down = predictor.predict([{"store": "a", "price": 1.0}, {"store": "b", "price": 1.0}])
    assert up > 1
    assert down < -1
    assert load_mlflow_model(MlflowFiles.read(tmp_path / "outputs" / "mlflow-model")).loader == "automl"
    assert "fit_many" in (tmp_path / "outputs" / "script" / "train.py").read_text()
