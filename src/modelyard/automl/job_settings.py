"""What an AutoML job asks for, as the engine's settings."""

from __future__ import annotations

from typing import Any

from modelyard.automl.plan import resources
from modelyard.automl.plan.settings import (
    Choice,
    Featurization,
    Forecasting,
    Limits,
    Settings,
    Training,
    Validation,
)
from modelyard.automl.task import Task
from modelyard.domain.automl import ForecastingSettings, StackEnsembleSettings, TabularLimitSettings
from modelyard.domain.automl_choices import AutoMLTask, StackMetaLearnerType
from modelyard.kinds.automl import AutoMLJob, ClassificationJob, ForecastingJob
from modelyard.kit.sizes import byte_count

# As Azure ML's service has them.
TIMEOUT_MINUTES = 360.0
TRIAL_TIMEOUT_MINUTES = 30.0
MAX_TRIALS = 1000
_QUANTILES = (0.1, 0.5, 0.9)


def settings_of(job: AutoMLJob, cores: int | None = None, memory_bytes: int | None = None) -> Settings:
    """The engine's settings; `cores` and `memory_bytes` are what the job was given of its compute."""
    forecasting = job.forecasting if isinstance(job, ForecastingJob) else None
    return Settings(
        target=job.target_column_name,
        task=_task(job),
        metric=str(job.primary_metric.value) if hasattr(job, "primary_metric") else None,
        weight_column=job.weight_column_name,
        positive_label=job.positive_label if isinstance(job, ClassificationJob) else None,
        limits=limits_of(job, cores, memory_bytes),
        training=_training(job),
        featurization=_featurization(job),
        validation=_validation(job),
        choice=_choice(job),
        forecasting=None if forecasting is None else _forecasting(forecasting),
        seed=job.seed or 0,
    )


def limits_of(job: AutoMLJob, cores: int | None, memory_bytes: int | None) -> Limits:
    """Azure ML's defaults, but for the trials at one time: as many as keep the cores of the job busy."""
    given = job.limits or TabularLimitSettings()
    concurrent, threads = _shares(given, cores)
    return Limits(
        timeout_seconds=(given.timeout_minutes or TIMEOUT_MINUTES) * 60,
        trial_timeout_seconds=(given.trial_timeout_minutes or TRIAL_TIMEOUT_MINUTES) * 60,
        max_trials=given.max_trials or MAX_TRIALS,
        max_concurrent_trials=concurrent,
        threads_per_trial=threads,
        memory_bytes=byte_count(given.max_memory) if given.max_memory else memory_bytes,
        exit_score=given.exit_score,
        early_termination=given.enable_early_termination is not False,
    )


def _shares(given: TabularLimitSettings, cores: int | None) -> tuple[int | None, int | None]:
    """Trials at one time and threads of each, within the cores that the job was given of the machine's."""
    concurrent = given.max_concurrent_trials
    each = given.max_cores_per_trial
    threads = each if each is not None and each > 0 else None
    if cores is None:
        return concurrent, threads
    if concurrent is None and cores < resources.available_cores():
        concurrent = max(1, cores // (threads or 1))
    if concurrent is None:
        return None, threads
    concurrent = min(concurrent, cores)
    return concurrent, min(threads or cores, max(1, cores // concurrent))


def _task(job: AutoMLJob) -> Task | None:
    """Multiclass for a classification: a target of two classes makes it binary."""
    tasks = {AutoMLTask.REGRESSION: Task.REGRESSION, AutoMLTask.FORECASTING: Task.FORECASTING}
    return tasks.get(job.task, Task.MULTICLASS)


def _training(job: AutoMLJob) -> Training:
    given = job.training
    if given is None:
        return Training()
    allowed = given.allowed_training_algorithms
    stack = given.stack_ensemble_settings or StackEnsembleSettings()
    learner = stack.stack_meta_learner_type
    return Training(
        allowed=None if allowed is None else tuple(str(name) for name in allowed),
        blocked=tuple(str(name) for name in given.blocked_training_algorithms or ()),
        voting=given.enable_vote_ensemble is not False,
        stacking=given.enable_stack_ensemble is not False,
        stack_meta_learner=None if learner in (None, StackMetaLearnerType.NONE) else str(learner),
        stack_meta_learner_params=dict(stack.stack_meta_learner_k_wargs or {}),
        stack_meta_learner_train_fraction=stack.stack_meta_learner_train_percentage,
        explain=bool(given.enable_model_explainability),
        onnx=given.enable_onnx_compatible_models is not False,
        neural=bool(given.enable_dnn_training),
    )


def _featurization(job: AutoMLJob) -> Featurization:
    given = job.featurization
    if given is None:
        return Featurization()
    params = {
        str(name): tuple(entry.model_dump(exclude_none=True) for entry in entries)
        for name, entries in (given.transformer_params or {}).items()
    }
    return Featurization(
        mode=str(given.mode or "auto"),
        language=given.dataset_language or "eng",
        blocked_transformers=tuple(str(name) for name in given.blocked_transformers or ()),
        column_purposes={name: str(purpose) for name, purpose in (given.column_name_and_types or {}).items()},
        drop_columns=tuple(given.drop_columns or ()),
        transformer_params=params,
    )


def _validation(job: AutoMLJob) -> Validation:
    folds = job.n_cross_validations
    return Validation(
        folds=folds if isinstance(folds, int) else None,
        fraction=job.validation_data_size,
        cv_split_columns=tuple(job.cv_split_column_names or ()),
        group_columns=tuple(job.group_column_names or ()),
        holdout_fraction=job.test_data_size,
    )


def _choice(job: AutoMLJob) -> Choice:
    given = job.selection
    if given is None:
        return Choice()
    return Choice(
        quality=given.quality,
        latency=given.latency,
        cost=given.cost,
        stability=given.stability,
        max_row_milliseconds=given.max_row_milliseconds,
        max_size_bytes=byte_count(given.max_model_size) if given.max_model_size else None,
    )


def _forecasting(given: ForecastingSettings) -> Forecasting:
    lags: Any = given.target_lags
    if isinstance(lags, int | list):
        lags = (lags,) if isinstance(lags, int) else tuple(lags)
    aggregate = given.target_aggregate_function
    return Forecasting(
        time_column=given.time_column_name or "",
        series_columns=tuple(given.time_series_id_column_names or ()),
        # Azure ML's own default is one period; `auto` leaves it to the engine.
        horizon=None if given.forecast_horizon == "auto" else int(given.forecast_horizon or 1),
        frequency=given.frequency,
        target_lags=lags,
        rolling_window=given.target_rolling_window_size,
        seasonality=given.seasonality or "auto",
        feature_lags=str(given.feature_lags or "none"),
        use_stl=str(given.use_stl or "none"),
        short_series=str(given.short_series_handling_config or "auto"),
        aggregate=None if aggregate is None or str(aggregate) == "none" else str(aggregate),
        unknown_columns=tuple(given.features_unknown_at_forecast_time or ()),
        holidays_country=given.country_or_region_for_holidays,
        cv_step=given.cv_step_size,
        quantiles=tuple(given.quantiles or _QUANTILES),
    )
