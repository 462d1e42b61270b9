"""Every setting of Azure ML's YAML reaches the engine, or is listed as one that does not."""

from __future__ import annotations

from dataclasses import fields

import pytest

from modelyard import automl
from modelyard.automl.forecast.candidates import forecasters
from modelyard.automl.job_settings import settings_of
from modelyard.automl.models.catalogue import canonical, models
from modelyard.automl.plan import resources
from modelyard.automl.plan.settings import Limits
from modelyard.automl.task import Task
from modelyard.automl.validate.metrics import METRICS
from modelyard.domain.automl_choices import (
    ClassificationModels,
    ClassificationPrimaryMetrics,
    ForecastingModels,
    ForecastingPrimaryMetrics,
    RegressionModels,
    RegressionPrimaryMetrics,
)

DATA = "azureml:bank:1"


def test_a_job_without_settings_has_azures_defaults() -> None:
    job = automl.classification(training_data=DATA, target_column_name="y")
    made = settings_of(job)
    assert (made.target, made.task, made.metric) == ("y", Task.MULTICLASS, "auc_weighted")
    assert made.limits == Limits(timeout_seconds=21600, trial_timeout_seconds=1800, max_trials=1000)
    assert made.training.voting
    assert made.training.stacking
    assert not made.training.explain


def test_every_setting_arrives() -> None:
    job = automl.regression(
        training_data=DATA,
        target_column_name="y",
        primary_metric="R2Score",
        weight_column_name="w",
        n_cross_validations=4,
        group_column_names="customer",
        test_data_size=0.1,
        seed=7,
        timeout_minutes=2,
        trial_timeout_minutes=1,
        max_trials=9,
        max_concurrent_trials=2,
        max_cores_per_trial=1,
        max_memory="2g",
        exit_score=0.99,
        enable_early_termination=False,
        allowed_training_algorithms=["light_gbm", "XGBoostRegressor"],
        enable_stack_ensemble=False,
        enable_model_explainability=True,
        stack_ensemble_settings={"stack_meta_learner_type": "ElasticNet", "stack_meta_learner_kwargs": {"alpha": 1}},
        mode="custom",
        column_name_and_types={"zip": "categorical"},
        blocked_transformers=["TfIdf"],
        drop_columns=["id"],
        transformer_params={"imputer": [{"fields": ["age"], "parameters": {"strategy": "median"}}]},
        latency=0.5,
        max_row_milliseconds=2,
        max_model_size="10m",
    )
    made = settings_of(job)
    assert (made.task, made.metric, made.weight_column, made.seed) == (Task.REGRESSION, "r2_score", "w", 7)
    assert made.limits == Limits(120, 60, 9, 2, 1, 2 << 30, 0.99, False)
    assert made.training.allowed == ("LightGBM", "XGBoostRegressor")
    assert not made.training.stacking
    assert made.training.explain
    assert made.training.stack_meta_learner == "elastic_net"
    assert made.training.stack_meta_learner_params == {"alpha": 1}
    assert made.featurization.column_purposes == {"zip": "Categorical"}
    assert made.featurization.blocked_transformers == ("tf_idf",)
    assert made.featurization.drop_columns == ("id",)
    params = {"fields": ["age"], "parameters": {"strategy": "median"}}
    assert made.featurization.transformer_params == {"imputer": (params,)}
    assert (made.validation.folds, made.validation.group_columns) == (4, ("customer",))
    assert made.validation.holdout_fraction == 0.1
    assert (made.choice.latency, made.choice.max_row_milliseconds, made.choice.max_size_bytes) == (0.5, 2, 10 << 20)


def test_forecasting_settings_arrive() -> None:
    job = automl.forecasting(
        training_data=DATA,
        target_column_name="y",
        time_column_name="day",
        time_series_id_column_names="store",
        forecast_horizon=14,
        target_lags=[1, 7],
        target_rolling_window_size="auto",
        use_stl="seasontrend",
        short_series_handling_config="Pad",
        frequency="D",
        target_aggregate_function="sum",
        features_unknown_at_forecast_time=["visits"],
        country_or_region_for_holidays="DE",
        cv_step_size=7,
    )
    made = settings_of(job).forecasting
    assert made is not None
    assert (made.time_column, made.series_columns, made.horizon) == ("day", ("store",), 14)
    assert (made.target_lags, made.rolling_window, made.use_stl) == ((1, 7), "auto", "season_trend")
    assert (made.short_series, made.aggregate, made.frequency) == ("pad", "sum", "D")
    assert (made.unknown_columns, made.holidays_country, made.cv_step) == (("visits",), "DE", 7)
    plain = automl.forecasting(training_data=DATA, target_column_name="y", time_column_name="day")
    settings = settings_of(plain).forecasting
    assert settings is not None
    assert (settings.horizon, settings.seasonality) == (1, "auto")


@pytest.mark.parametrize(
    ("limits", "cores", "trials", "threads"),
    [
        ({}, None, None, None),
        ({}, 2, 2, 1),
        ({"max_concurrent_trials": 8}, 2, 2, 1),
        ({"max_concurrent_trials": 1}, 4, 1, 4),
        ({"max_cores_per_trial": -1}, 2, 2, 1),
        ({"max_cores_per_trial": 2}, 4, 2, 2),
    ],
)
def test_trials_share_the_cores_of_the_job(
    monkeypatch: pytest.MonkeyPatch, limits: dict[str, int], cores: int | None, trials: int | None, threads: int | None
) -> None:
    monkeypatch.setattr(resources, "available_cores", lambda: 16)
    job = automl.classification(training_data=DATA, target_column_name="y", **limits)
    made = settings_of(job, cores=cores).limits
    assert (made.max_concurrent_trials, made.threads_per_trial) == (trials, threads)


def test_what_means_nothing_here_is_listed() -> None:
    job = automl.classification(
        training_data=DATA,
        target_column_name="y",
        max_nodes=4,
        enable_dnn_featurization=True,
        training_mode="distributed",
        ensemble_model_download_timeout=5,
    )
    said = "\n".join(job.warnings())
    for name in ("max_nodes", "enable_dnn_featurization", "training_mode", "ensemble_model_download_timeout"):
        assert name in said
    assert not automl.classification(training_data=DATA, target_column_name="y", max_nodes=1).warnings()


@pytest.mark.parametrize(
    ("words", "tasks"),
    [
        (ClassificationPrimaryMetrics, {Task.BINARY, Task.MULTICLASS}),
        (RegressionPrimaryMetrics, {Task.REGRESSION}),
        (ForecastingPrimaryMetrics, {Task.FORECASTING}),
    ],
)
def test_a_job_may_name_every_metric_of_its_task(words: type[ClassificationPrimaryMetrics], tasks: set[Task]) -> None:
    assert {word.value for word in words} == {name for name, found in METRICS.items() if tasks & found.tasks}


def test_a_job_may_name_every_algorithm_that_there_is() -> None:
    """A model file that is added is added to the words of the YAML too."""
    for words, tasks in (
        (ClassificationModels, {Task.BINARY, Task.MULTICLASS}),
        (RegressionModels, {Task.REGRESSION}),
    ):
        named = {canonical(str(word)) for word in words}
        there = {name for name, model in models().items() if model.tasks & tasks} - {"Baseline", "ONNX"}
        assert there <= named, f"add to {words.__name__}: {there - named}"


def test_a_job_may_name_every_forecaster_that_there_is() -> None:
    assert set(forecasters()) <= {str(word) for word in ForecastingModels}


def test_all_settings_have_a_place_in_a_job() -> None:
    """A field that is added to the engine's limits is added to the job's too."""
    assert {field.name for field in fields(Limits)} == {
        "timeout_seconds",
        "trial_timeout_seconds",
        "max_trials",
        "max_concurrent_trials",
        "threads_per_trial",
        "memory_bytes",
        "exit_score",
        "early_termination",
    }
