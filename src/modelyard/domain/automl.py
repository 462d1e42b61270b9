"""What an AutoML job may be told: limits, training, featurization, forecasting, choice, in the words of its YAML."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BeforeValidator, Field

from modelyard.domain.automl_choices import (
    BlockedTransformers,
    ClassificationModels,
    ColumnPurpose,
    FeatureLags,
    FeaturizationMode,
    ForecastingModels,
    RegressionModels,
    ShortSeriesHandlingConfiguration,
    StackMetaLearnerType,
    TabularTrainingMode,
    TargetAggregationFunction,
    Transformers,
    UseStl,
)
from modelyard.domain.entity import Part, Text, problem
from modelyard.domain.job_io import Input
from modelyard.kit.sizes import byte_count


def _lowered(value: Any) -> Any:
    return str(value).lower() if isinstance(value, str) else value


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


_AutoWord = Annotated[Literal["auto"], BeforeValidator(_lowered)]
AutoOrCount = Annotated[int, Field(ge=1)] | _AutoWord
Lags = AutoOrCount | list[Annotated[int, Field(ge=1)]]
Names = Annotated[list[str], BeforeValidator(_listed)]
_TABLE_FILES = (".csv", ".tsv", ".parquet", ".pq", ".jsonl", ".json", ".csv.gz")


def _table_input(value: Any) -> Any:
    """A path alone stands for an input; what lies there is told from its name, or by the asset's own type."""
    if isinstance(value, str):
        value = {"path": value}
    if isinstance(value, dict) and value.get("type") is None and isinstance(value.get("path"), str):
        file = value["path"].lower().endswith(_TABLE_FILES)
        value["type"] = "uri_file" if file else "mltable"
    return value


TableInput = Annotated[Input, BeforeValidator(_table_input)]
"""An MLTable, a CSV, Parquet or JSON-lines file, or a folder of such files."""


class TabularLimitSettings(Part):
    """Walls of an AutoML job: it ends at the first that it meets, with the best model so far."""

    timeout_minutes: float | None = Field(default=None, gt=0, le=1_000_000)
    """Of the whole search; 360 when left out."""
    trial_timeout_minutes: float | None = Field(default=None, gt=0)
    """Of one trial; 30 when left out."""
    max_trials: int | None = Field(default=None, ge=1, le=1_000_000)
    """1000 when left out."""
    max_concurrent_trials: int | None = Field(default=None, ge=1)
    """Trials at one time; they share the cores. 1 when left out."""
    max_cores_per_trial: int | None = Field(default=None, ge=-1)
    """Threads of a trial; -1, or left out: all that the job has."""
    max_nodes: int | None = Field(default=None, ge=1)
    """Taken for Azure ML's sake: trials run on one node, beside each other."""
    exit_score: float | None = None
    """Stop when the primary metric has come so far."""
    enable_early_termination: bool | None = None
    """Give up trials that cannot win any more; on when left out."""
    max_memory: Text | None = None
    """Of the whole search, such as `4g`; four fifths of what is free when left out. Not in Azure ML."""

    def problems(self) -> Iterable[dict[str, str]]:
        if self.max_cores_per_trial == 0:
            yield problem("max_cores_per_trial", "a trial needs a core", "write 1 or more, or -1 for all")
        yield from _size_problems("max_memory", self.max_memory)


class ColumnTransformer(Part):
    """Settings of a transformer for some columns."""

    fields: list[str] | None = None
    """Columns; all that fit when left out."""
    parameters: dict[str, Any] | None = None
    """Such as `strategy: median` of the imputer."""


class TabularFeaturizationSettings(Part):
    """How columns become features."""

    mode: FeaturizationMode | None = None
    """`auto`; `custom`: auto with the settings beside it; `off`: numbers only, as they are."""
    dataset_language: str | None = None
    """Of text columns, as a three-letter code."""
    blocked_transformers: list[BlockedTransformers] | None = None
    column_name_and_types: dict[str, ColumnPurpose] | None = None
    """What a column is to be taken for, where it would be guessed wrong."""
    transformer_params: dict[Transformers, list[ColumnTransformer]] | None = None
    drop_columns: list[str] | None = None
    """Columns that no model may see. Not in Azure ML's YAML."""
    enable_dnn_featurization: bool | None = None
    """Taken for Azure ML's sake: text is turned into features without neural networks."""


class StackEnsembleSettings(Part):
    """The learner that stacks the others."""

    stack_meta_learner_type: StackMetaLearnerType | None = None
    stack_meta_learner_k_wargs: dict[str, Any] | None = Field(default=None, alias="stack_meta_learner_kwargs")
    stack_meta_learner_train_percentage: float = Field(default=0.2, gt=0, lt=1)


M = TypeVar("M")


class TrainingSettings(Part, Generic[M]):
    """Which algorithms are tried, and what is made of them."""

    allowed_training_algorithms: list[M] | None = None
    """Only these."""
    blocked_training_algorithms: list[M] | None = None
    """Never these."""
    enable_vote_ensemble: bool | None = None
    """A weighted mean of the best; on when left out."""
    enable_stack_ensemble: bool | None = None
    """A learner over the others' predictions; on when left out."""
    stack_ensemble_settings: StackEnsembleSettings | None = None
    enable_model_explainability: bool | None = None
    """Explain the winner by SHAP values."""
    enable_onnx_compatible_models: bool | None = None
    """Keep the winner as ONNX too, where that predicts the same; on when left out."""
    enable_dnn_training: bool | None = None
    """Try neural forecasters, where they are installed."""
    ensemble_model_download_timeout_minutes: float | None = Field(default=None, gt=0)
    """Taken for Azure ML's sake: members of an ensemble lie on the same machine."""
    training_mode: TabularTrainingMode | None = None
    """Taken for Azure ML's sake: a trial runs on one node."""

    def problems(self) -> Iterable[dict[str, str]]:
        both = set(self.allowed_training_algorithms or ()) & set(self.blocked_training_algorithms or ())
        for name in sorted(map(str, both)):
            yield problem("blocked_training_algorithms", f"'{name}' is both allowed and blocked", "remove it from one")


class ClassificationTrainingSettings(TrainingSettings[ClassificationModels]):
    """Which classifiers are tried, and what is made of them."""


class RegressionTrainingSettings(TrainingSettings[RegressionModels]):
    """Which regressors are tried, and what is made of them."""


class ForecastingTrainingSettings(TrainingSettings[ForecastingModels]):
    """Which forecasters are tried, and what is made of them."""


class ForecastingSettings(Part):
    """What the series are, and how far ahead to look."""

    time_column_name: str | None = None
    """The column of moments. Required."""
    time_series_id_column_names: Names | None = None
    """Columns that tell series apart; one series when left out."""
    forecast_horizon: AutoOrCount | None = None
    """Periods ahead; 1 when left out."""
    frequency: str | None = None
    """A pandas offset such as `D`; inferred when left out. Data are aggregated to it."""
    target_lags: Lags | None = None
    """Earlier values of the target as features."""
    target_rolling_window_size: AutoOrCount | None = None
    seasonality: AutoOrCount | None = None
    """Periods of a season; inferred when left out or `auto`."""
    feature_lags: FeatureLags | None = None
    use_stl: UseStl | None = None
    """Features of a seasonal decomposition."""
    short_series_handling_config: ShortSeriesHandlingConfiguration | None = None
    target_aggregate_function: TargetAggregationFunction | None = None
    """How values of one period become one; needs `frequency`."""
    cv_step_size: int | None = Field(default=None, ge=1)
    """Periods between the origins of validation; the horizon when left out."""
    country_or_region_for_holidays: str | None = None
    """A two-letter code, whose holidays become features."""
    features_unknown_at_forecast_time: Names | None = None
    """Columns without a known future."""
    quantiles: list[Annotated[float, Field(gt=0, lt=1)]] | None = None
    """Of the forecast intervals; 0.1, 0.5 and 0.9 when left out. Not in Azure ML."""

    def problems(self) -> Iterable[dict[str, str]]:
        if self.target_aggregate_function not in (None, TargetAggregationFunction.NONE) and not self.frequency:
            yield problem("frequency", "aggregation needs the frequency to aggregate to", "such as frequency: D")


class SelectionSettings(Part):
    """How the winner is chosen: `quality*Q - latency*L - cost*C + stability*S`, and hard limits. Not in Azure ML."""

    quality: float = Field(default=1.0, ge=0)
    latency: float = Field(default=0.0, ge=0)
    cost: float = Field(default=0.0, ge=0)
    stability: float = Field(default=0.0, ge=0)
    max_row_milliseconds: float | None = Field(default=None, gt=0)
    """A model that predicts one row slower than this cannot win."""
    max_model_size: Text | None = None
    """A model larger than this, such as `10m`, cannot win."""

    def problems(self) -> Iterable[dict[str, str]]:
        yield from _size_problems("max_model_size", self.max_model_size)


def _size_problems(field: str, value: str | None) -> Iterable[dict[str, str]]:
    try:
        byte_count(value or 0)
    except ValueError as error:
        yield problem(field, str(error), "write bytes, or a number with k, m, g or t")
