"""AutoML jobs as they are written, and what their controller decides about them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from modelyard import automl, load_job
from modelyard.domain.actions import RecordOutputs, SetStatus, StopTask, WakeAfter
from modelyard.domain.errors import InvalidInput, Unsupported
from modelyard.domain.job_record import JobRecord
from modelyard.domain.job_view import JobView
from modelyard.domain.statuses import JobStatus
from modelyard.domain.task import ExitRecord, TaskObservation, TaskPhase
from modelyard.entities import Data
from modelyard.kinds.automl import FINISHING_SECONDS, AutoMLJob, ClassificationJob, ForecastingJob, decide
from modelyard.kinds.catalogue import job_kinds, parse, parse_stored

BASE: dict[str, Any] = {"type": "automl", "training_data": "azureml:bank:1", "target_column_name": "y"}

# As Azure ML's own example files are written, with its spellings.
AZURE = """\
$schema: https://azuremlsdk2.blob.core.windows.net/preview/0.0.1/autoMLJob.schema.json
type: automl
experiment_name: dpv2-cli-classifier-experiment
description: A classification AutoML job
compute: azureml:cpu-cluster
task: classification
primary_metric: accuracy
log_verbosity: debug
target_column_name: "y"
training_data:
  path: ./train
  type: mltable
validation_data:
  path: ./train
  type: mltable
limits:
  timeout_minutes: 180
  trial_timeout_minutes: 5
  max_concurrent_trials: 4
  max_trials: 40
  enable_early_termination: true
featurization:
  mode: custom
  transformer_params:
    imputer:
      - fields: ["job"]
        parameters:
          strategy: most_frequent
  blocked_transformers:
    - WordEmbedding
  column_name_and_types:
    education: Categorical
training:
  enable_stack_ensemble: true
  enable_vote_ensemble: true
  enable_onnx_compatible_models: false
  ensemble_model_download_timeout_minutes: 5
  allowed_training_algorithms: [LightGBM, xg_boost_classifier]
  stack_ensemble_settings:
    stack_meta_learner_type: light_gbm_classifier
    stack_meta_learner_train_percentage: 0.3
resources:
  instance_count: 2
queue_settings: {job_tier: standard}
"""
FORECAST = """\
type: automl
task: forecasting
target_column_name: demand
training_data: {path: ./train, type: mltable}
n_cross_validations: Auto
cv_split_column_names: null
forecasting:
  time_column_name: timeStamp
  time_series_id_column_names: [grain]
  forecast_horizon: Auto
  frequency: H
  target_lags: [1, 2]
  target_rolling_window_size: 10
  country_or_region_for_holidays: US
  short_series_handling_config: auto
  use_stl: seasontrend
  seasonality: Auto
  feature_lags: none
training:
  enable_dnn_training: true
  blocked_training_algorithms: [ExponentialSmoothing, TCNForecaster]
"""


def written(folder: Path, text: str) -> AutoMLJob:
    (folder / "train").mkdir(exist_ok=True)
    (folder / "train" / "MLTable").write_text("paths: [{file: a.csv}]\n")
    (folder / "job.yml").write_text(text)
    job = load_job(folder / "job.yml")
    assert isinstance(job, AutoMLJob)
    return job


def test_azures_classification_loads(tmp_path: Path) -> None:
    job = written(tmp_path, AZURE)
    assert isinstance(job, ClassificationJob)
    assert job.compute == "cpu-cluster"
    assert job.training_data.path == str(tmp_path / "train")
    assert job.training is not None
    assert [str(name) for name in job.training.allowed_training_algorithms or ()] == ["LightGBM", "XGBoostClassifier"]
    assert job.warnings() == [
        "training.ensemble_model_download_timeout_minutes: members of an ensemble are not downloaded."
    ]
    assert parse_stored("job", job.to_dict()) == job


def test_azures_forecast_loads(tmp_path: Path) -> None:
    job = written(tmp_path, FORECAST)
    assert isinstance(job, ForecastingJob)
    assert job.n_cross_validations == "auto"
    assert job.forecasting is not None
    assert (job.forecasting.forecast_horizon, job.forecasting.target_lags) == ("auto", [1, 2])
    assert job.forecasting.use_stl == "season_trend"
    assert parse("automl-job", job.to_dict()) == job


def test_the_tasks_are_one_kind() -> None:
    assert job_kinds()["automl"] is AutoMLJob
    assert {variant.__name__ for variant in AutoMLJob.variants()} == {
        "ClassificationJob",
        "RegressionJob",
        "ForecastingJob",
    }


@pytest.mark.parametrize("task", ["image_classification", "ImageObjectDetection", "text_ner", "text_classification"])
def test_pictures_and_texts_are_refused_as_such(task: str) -> None:
    with pytest.raises(Unsupported, match="tables and series"):
        parse("job", BASE | {"task": task})


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("azureml:bank:1", "mltable"),
        ("./rows.csv", "uri_file"),
        ("https://host/rows.PARQUET", "uri_file"),
        ("./folder", "mltable"),
    ],
)
def test_a_path_alone_is_an_input(path: str, kind: str) -> None:
    job = AutoMLJob.from_dict(BASE | {"task": "regression", "training_data": path})
    assert (job.training_data.path, job.training_data.type) == (path, kind)


def test_the_book_s_short_forms_are_taken() -> None:
    job = automl.classification(
        compute="cpu-cluster",
        experiment_name="fraud-automl-prod",
        training_data=Data(name="fraud-train", version="3", type="mltable"),
        target_column_name="is_fraud",
        primary_metric="AUC_weighted",
        n_cross_validations=5,
        enable_model_explainability=True,
        timeout_minutes=120,
        max_concurrent_trials=8,
        max_trials=50,
        featurization="auto",
    )
    assert job.training_data.path == "azureml:fraud-train:3"
    assert job.primary_metric is automl.ClassificationPrimaryMetrics.AUC_WEIGHTED
    assert job.limits is not None
    assert (job.limits.timeout_minutes, job.limits.max_trials, job.limits.max_concurrent_trials) == (120, 50, 8)
    assert job.training is not None
    assert job.training.enable_model_explainability
    assert job.featurization is not None
    assert str(job.featurization.mode) == "auto"


def test_setters_change_what_is_given_and_nothing_else() -> None:
    job = automl.forecasting(
        training_data="azureml:sales:1", target_column_name="y", time_column_name="day", timeout_minutes=5
    )
    job.set_limits(max_trials=3)
    job.set_training(blocked_training_algorithms=[automl.ForecastingModels.PROPHET], ensemble_model_download_timeout=2)
    job.set_featurization(mode="custom", column_name_and_types={"a": "numeric"})
    job.set_forecast_settings(forecast_horizon=4)
    job.set_data(validation_data_size=0.1)
    body = job.to_dict()
    assert body["limits"] == {"timeout_minutes": 5.0, "max_trials": 3}
    assert body["training"]["blocked_training_algorithms"] == ["Prophet"]
    assert body["training"]["ensemble_model_download_timeout_minutes"] == 2
    assert body["forecasting"] == {"time_column_name": "day", "forecast_horizon": 4}
    assert body["validation_data_size"] == 0.1
    with pytest.raises(InvalidInput, match="did you mean 'test_data'"):
        job.set_data(tests_data="x")
    with pytest.raises(InvalidInput):
        job.set_limits(timeout=5)


def test_a_misspelt_argument_is_answered_with_the_right_one() -> None:
    with pytest.raises(InvalidInput, match="did you mean 'timeout_minutes'"):
        automl.regression(training_data="azureml:a:1", target_column_name="y", timeout_minuts=5)


def record(status: JobStatus, *, cancel: bool = False) -> JobRecord:
    now = datetime(2026, 1, 2, tzinfo=UTC)
    return JobRecord(
        id=1,
        workspace="default",
        name="j",
        run_id="j",
        kind="automl",
        parent_name=None,
        experiment_name="Default",
        display_name="j",
        description=None,
        compute="local",
        priority=20,
        status=status,
        spec={},
        state={"plan": {}},
        error=None,
        attempt=1,
        cancel_requested=cancel,
        created_at=now,
        modified_at=now,
        started_at=None,
        ended_at=None,
        wake_at=None,
        created_by="ada",
        archived=False,
        tags={},
        properties={},
    )


def view(phase: TaskPhase, exit: ExitRecord | None = None) -> JobView:
    return JobView(now=datetime(2026, 1, 2, tzinfo=UTC), task=TaskObservation(phase, exit=exit))


def test_a_cancelled_engine_may_finish_what_it_has() -> None:
    asked = decide(record(JobStatus.RUNNING, cancel=True), view(TaskPhase.RUNNING))
    assert StopTask(FINISHING_SECONDS) in asked
    waiting = decide(record(JobStatus.CANCEL_REQUESTED, cancel=True), view(TaskPhase.RUNNING))
    assert any(isinstance(action, WakeAfter) and action.seconds > FINISHING_SECONDS for action in waiting)


@pytest.mark.parametrize(
    ("exit", "kept"),
    [(ExitRecord(0, cancelled=True), True), (ExitRecord(None, signal=9, cancelled=True), False)],
)
def test_what_a_cancelled_engine_left_is_kept(exit: ExitRecord, kept: bool) -> None:
    actions = decide(record(JobStatus.CANCEL_REQUESTED, cancel=True), view(TaskPhase.EXITED, exit))
    assert actions[-1] == SetStatus(JobStatus.CANCELED)
    assert (RecordOutputs() in actions) is kept


def test_else_it_is_a_job_like_others() -> None:
    actions = decide(record(JobStatus.RUNNING), view(TaskPhase.EXITED, ExitRecord(0)))
    assert actions[-1] == SetStatus(JobStatus.COMPLETED)
