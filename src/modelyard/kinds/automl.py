"""The AutoML job: the best model of a table for a budget. A leaf, whose task is the engine."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field

from modelyard.domain.actions import Action, RecordOutputs, SetStatus, StopTask, WakeAfter
from modelyard.domain.automl import (
    AutoOrCount,
    ClassificationTrainingSettings,
    ForecastingSettings,
    ForecastingTrainingSettings,
    Names,
    RegressionTrainingSettings,
    SelectionSettings,
    TableInput,
    TabularFeaturizationSettings,
    TabularLimitSettings,
    TrainingSettings,
)
from modelyard.domain.automl_choices import (
    AutoMLTask,
    ClassificationPrimaryMetrics,
    ForecastingPrimaryMetrics,
    LogVerbosity,
    RegressionPrimaryMetrics,
    TabularTrainingMode,
)
from modelyard.domain.choices import squash
from modelyard.domain.entity import Part, Text, problem
from modelyard.domain.errors import InvalidInput, Unsupported, did_you_mean
from modelyard.domain.job import Job, JobResourceConfiguration, QueueSettings
from modelyard.domain.job_io import Input, JobOutput, port_name_problems
from modelyard.domain.job_record import JobRecord
from modelyard.domain.job_view import JobView
from modelyard.domain.online_deployment import EnvironmentOrReference
from modelyard.domain.statuses import JobStatus
from modelyard.domain.task import TaskPhase
from modelyard.kinds.command import STOP_CHECK_SECONDS
from modelyard.kinds.command import decide as decide_leaf

BEST_MODEL = "best_model"
"""The output that holds the winner as an MLflow model."""
DATA_FIELDS = ("training_data", "validation_data", "test_data")
# What a cancelled engine may take to write the best model so far.
FINISHING_SECONDS = 60.0
_ELSEWHERE = frozenset(
    {
        "imageclassification",
        "imageclassificationmultilabel",
        "imageobjectdetection",
        "imageinstancesegmentation",
        "textclassification",
        "textclassificationmultilabel",
        "textner",
    }
)


class AutoMLJob(Job):
    """Search algorithms, features and parameters for the best model of a table."""

    local_paths: ClassVar[tuple[str, ...]] = DATA_FIELDS
    training_class: ClassVar[builtins.type[TrainingSettings[Any]]] = TrainingSettings

    type: Literal["automl"] = "automl"
    task: AutoMLTask
    training_data: TableInput
    """The rows to learn from."""
    target_column_name: str
    """The column to predict."""
    validation_data: TableInput | None = None
    """Rows that candidates are judged by; folds of the training data when left out."""
    validation_data_size: float | None = Field(default=None, gt=0, lt=1)
    """The share of the training data that candidates are judged by."""
    n_cross_validations: AutoOrCount | None = None
    """Folds; chosen by the size of the data when left out or `auto`."""
    cv_split_column_names: Names | None = None
    """Columns of 1 (train) and 0 (validation), one a fold."""
    group_column_names: Names | None = None
    """Columns whose groups are never split between training and validation. Not in Azure ML."""
    test_data: TableInput | None = None
    """Rows that the winner is tested on, and nothing else."""
    test_data_size: float | None = Field(default=None, ge=0, lt=1)
    """The share of the training data that the winner is tested on."""
    weight_column_name: str | None = None
    limits: TabularLimitSettings | None = None
    training: TrainingSettings[Any] | None = None
    """Which algorithms are tried, and what is made of them."""
    featurization: TabularFeaturizationSettings | None = None
    selection: SelectionSettings | None = None
    """Weights and hard limits of the choice. Not in Azure ML."""
    many_models_by: Names | None = None
    """Columns whose every group gets a model of its own. Not in Azure ML."""
    seed: int | None = Field(default=None, ge=0, le=2**31 - 1)
    """Two jobs with one seed and no wall of time try the same. Not in Azure ML."""
    log_verbosity: LogVerbosity | None = None
    environment_id: EnvironmentOrReference | None = None
    """An environment with `modelyard[automl]`; the server's own Python when left out."""
    environment_variables: dict[str, Text] = Field(default_factory=dict)
    outputs: dict[str, JobOutput] = Field(default_factory=dict)
    """`best_model` holds the winner as an MLflow model; with a name it is registered."""
    resources: JobResourceConfiguration | None = None
    queue_settings: QueueSettings | None = None

    @classmethod
    def choose(cls, values: Mapping[str, Any]) -> builtins.type[Self]:
        if cls is not AutoMLJob:
            return cls
        given = values.get("task")
        word = squash(given) if isinstance(given, str) else ""
        if word in _ELSEWHERE:
            raise Unsupported(
                f"AutoML for the task '{given}' is not part of this platform: it trains on tables and series.",
                field="task",
                mend="fine-tune such a model in a command job, or use classification, regression or forecasting",
            )
        for chosen in cls.__subclasses__():
            if squash(str(chosen.model_fields["task"].default)) == word:
                return chosen
        tasks = ", ".join(AutoMLTask)
        mend = did_you_mean(str(given), list(AutoMLTask)) if given else None
        what = f"unknown task '{str(given)[:60]}'" if given else "an AutoML job needs a task"
        raise InvalidInput(what, field="task", mend=mend or f"one of {tasks}")

    @classmethod
    def variants(cls) -> list[builtins.type[Part]]:
        return list(cls.__subclasses__()) if cls is AutoMLJob else []

    def problems(self) -> Iterable[dict[str, str]]:
        yield from super().problems()
        yield from port_name_problems("outputs", self.outputs)
        if not self.target_column_name.strip():
            yield problem("target_column_name", "the target has no name", "name the column to predict")
        ways = [name for name in ("validation_data", "cv_split_column_names") if getattr(self, name)]
        folds = isinstance(self.n_cross_validations, int)
        if ways and (folds or self.validation_data_size is not None or len(ways) > 1):
            other = "n_cross_validations" if folds else "validation_data_size"
            yield problem(other if len(ways) == 1 else ways[1], f"{ways[0]} already says how to validate", "keep one")
        if self.test_data is not None and self.test_data_size:
            yield problem("test_data_size", "the test data are given", "remove one of test_data and test_data_size")
        if self.target_column_name in (self.many_models_by or ()):
            yield problem("many_models_by", "that is the target", "name the columns that tell the groups apart")
        if self.weight_column_name == self.target_column_name:
            yield problem("weight_column_name", "that is the target", "name another column")

    def data(self) -> dict[str, Input]:
        """The tables of the job, by field."""
        return {name: getattr(self, name) for name in DATA_FIELDS if getattr(self, name) is not None}

    def warnings(self) -> list[str]:
        """What the job asks for and does not get."""
        return [text for asked, text in _unheard(self) if asked]

    def set_limits(self, **limits: Any) -> None:
        """Change some of the limits; None stays."""
        self.limits = _changed(self.limits, TabularLimitSettings, limits)

    def set_featurization(self, **settings: Any) -> None:
        """Change some of the settings of `featurization`; None stays."""
        self.featurization = _changed(self.featurization, TabularFeaturizationSettings, settings)

    def set_training(self, **settings: Any) -> None:
        """Change some of the settings of `training`; None stays."""
        minutes = settings.pop("ensemble_model_download_timeout", None)
        if minutes is not None:
            settings["ensemble_model_download_timeout_minutes"] = minutes
        self.training = _changed(self.training, self.training_class, settings)

    def set_selection(self, **settings: Any) -> None:
        """Change some of the settings of `selection`; None stays."""
        self.selection = _changed(self.selection, SelectionSettings, settings)

    def set_data(self, **data: Any) -> None:
        """Change the tables, the target and how candidates are validated; None stays."""
        for name, value in data.items():
            if name not in _OF_DATA:
                raise InvalidInput(f"set_data has no argument '{name[:60]}'", mend=did_you_mean(name, _OF_DATA))
            if value is not None:
                setattr(self, name, value)


_OF_DATA = (
    *DATA_FIELDS,
    "target_column_name",
    "weight_column_name",
    "validation_data_size",
    "n_cross_validations",
    "cv_split_column_names",
    "test_data_size",
    "group_column_names",
)


class ClassificationJob(AutoMLJob):
    """The best classifier of a table."""

    training_class: ClassVar[builtins.type[TrainingSettings[Any]]] = ClassificationTrainingSettings

    task: Annotated[Literal[AutoMLTask.CLASSIFICATION], BeforeValidator(AutoMLTask)] = AutoMLTask.CLASSIFICATION
    primary_metric: ClassificationPrimaryMetrics = ClassificationPrimaryMetrics.AUC_WEIGHTED
    """What the best is best at."""
    positive_label: bool | int | float | str | None = None
    """The class that precision, recall and charts of two classes are about."""
    training: ClassificationTrainingSettings | None = None
    """Which classifiers are tried, and what is made of them."""


class RegressionJob(AutoMLJob):
    """The best regressor of a table."""

    training_class: ClassVar[builtins.type[TrainingSettings[Any]]] = RegressionTrainingSettings

    task: Annotated[Literal[AutoMLTask.REGRESSION], BeforeValidator(AutoMLTask)] = AutoMLTask.REGRESSION
    primary_metric: RegressionPrimaryMetrics = RegressionPrimaryMetrics.NORMALIZED_ROOT_MEAN_SQUARED_ERROR
    """What the best is best at."""
    training: RegressionTrainingSettings | None = None
    """Which regressors are tried, and what is made of them."""


class ForecastingJob(AutoMLJob):
    """The best forecaster of one or many series."""

    training_class: ClassVar[builtins.type[TrainingSettings[Any]]] = ForecastingTrainingSettings

    task: Annotated[Literal[AutoMLTask.FORECASTING], BeforeValidator(AutoMLTask)] = AutoMLTask.FORECASTING
    primary_metric: ForecastingPrimaryMetrics = ForecastingPrimaryMetrics.NORMALIZED_ROOT_MEAN_SQUARED_ERROR
    """What the best is best at."""
    training: ForecastingTrainingSettings | None = None
    """Which forecasters are tried, and what is made of them."""
    forecasting: ForecastingSettings | None = None
    """What the series are, and how far ahead to look."""

    def problems(self) -> Iterable[dict[str, str]]:
        yield from super().problems()
        if self.many_models_by:
            mend = "write forecasting.time_series_id_column_names instead: every series has its own forecast"
            yield problem("many_models_by", "a forecast tells its series apart by itself", mend)
        if self.forecasting is None or not self.forecasting.time_column_name:
            mend = "write forecasting: {time_column_name: <column>}"
            yield problem("forecasting.time_column_name", "a forecast needs the column of moments", mend)

    def set_forecast_settings(self, **settings: Any) -> None:
        """Change some of the settings of `forecasting`; None stays."""
        self.forecasting = _changed(self.forecasting, ForecastingSettings, settings)


def decide(job: JobRecord, view: JobView) -> list[Action]:
    """What to do about an AutoML job now: as for a command, but a stopped engine may finish what it has."""
    record = view.task.exit if view.task is not None and view.task.phase is TaskPhase.EXITED else None
    if job.status is JobStatus.CANCEL_REQUESTED and record is not None:
        saved: list[Action] = [RecordOutputs()] if record.exit_code == 0 else []
        return [*saved, SetStatus(JobStatus.CANCELED)]
    return [_patient(action) for action in decide_leaf(job, view)]


def _patient(action: Action) -> Action:
    if isinstance(action, StopTask) and action.grace_seconds > 0:
        return StopTask(FINISHING_SECONDS)
    if isinstance(action, WakeAfter) and action.seconds == STOP_CHECK_SECONDS:
        return WakeAfter(FINISHING_SECONDS + STOP_CHECK_SECONDS)
    return action


def _unheard(job: AutoMLJob) -> Iterable[tuple[bool, str]]:
    """Settings of Azure ML that mean nothing here: whether they were asked for, and what happens instead."""
    limits, training, features = job.limits, job.training, job.featurization
    if limits is not None:
        yield (limits.max_nodes or 1) > 1, "limits.max_nodes: trials run on one node; the rest stays unused."
    if features is not None:
        text = "featurization.enable_dnn_featurization: text becomes TF-IDF features; no neural network is used."
        yield bool(features.enable_dnn_featurization), text
    if training is not None:
        spread = training.training_mode is TabularTrainingMode.DISTRIBUTED
        yield spread, "training.training_mode: 'distributed' is taken as 'non_distributed', a trial runs on one node."
        waits = training.ensemble_model_download_timeout_minutes is not None
        text = "training.ensemble_model_download_timeout_minutes: members of an ensemble are not downloaded."
        yield waits, text


def _changed(before: Any, kind: type[Any], settings: Mapping[str, Any]) -> Any:
    """`before` with what is given changed; unknown names are refused by the class."""
    kept = {} if before is None else before.model_dump(exclude_none=True)
    return kind(**kept | {name: value for name, value in settings.items() if value is not None})
