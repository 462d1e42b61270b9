"""Everything a user may ask of a search. Names follow Azure ML's AutoML settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from modelyard.automl.task import Task


@dataclass(frozen=True)
class Limits:
    """Walls: the search ends at the first it meets, and returns the best so far."""

    timeout_seconds: float = 3600.0
    trial_timeout_seconds: float | None = None
    max_trials: int | None = None
    max_concurrent_trials: int | None = None
    """None: as many as keep the cores busy."""
    threads_per_trial: int | None = None
    """None: the machine's cores, shared by the concurrent trials."""
    memory_bytes: int | None = None
    """Of the whole engine; None: four fifths of what is free."""
    exit_score: float | None = None
    early_termination: bool = True


@dataclass(frozen=True)
class Training:
    allowed: tuple[str, ...] | None = None
    """Canonical names of algorithms; None: all of the task."""
    blocked: tuple[str, ...] = ()
    voting: bool = True
    stacking: bool = True
    stack_meta_learner: str | None = None
    stack_meta_learner_params: Mapping[str, Any] = field(default_factory=dict)
    stack_meta_learner_train_fraction: float = 0.2
    explain: bool = False
    onnx: bool = True
    neural: bool = False
    """`enable_dnn_training`: neural forecasters, where their extra is installed."""


@dataclass(frozen=True)
class Featurization:
    mode: str = "auto"
    """`auto`, `custom` (auto with the settings below) or `off` (numbers only, as they are)."""
    language: str = "eng"
    blocked_transformers: tuple[str, ...] = ()
    """Azure's names: `one_hot_encoder`, `cat_target_encoder`, `tf_idf`, ..."""
    column_purposes: Mapping[str, str] = field(default_factory=dict)
    """By column: `Numeric`, `Categorical`, `CategoricalHash`, `DateTime`, `Text`, `Ignore`."""
    drop_columns: tuple[str, ...] = ()
    transformer_params: Mapping[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)
    """By transformer (`imputer`, `tf_idf`, `hash_one_hot_encoder`): entries of `fields` and `parameters`."""


@dataclass(frozen=True)
class Validation:
    """How candidates are judged. All None: chosen by the size and the kind of the data."""

    folds: int | None = None
    fraction: float | None = None
    """Of the rows, held out for validation; with `folds`, Monte-Carlo repeats of that split."""
    cv_split_columns: tuple[str, ...] = ()
    """Columns of 1 (train) and 0 (validation), one a fold."""
    group_columns: tuple[str, ...] = ()
    """Rows of one group never stand on both sides of a split."""
    holdout_fraction: float | None = None
    """Of the rows, kept from the whole search for the honest score of the winner."""


@dataclass(frozen=True)
class Choice:
    """Weights of `Score = w1*Quality - w2*Latency - w3*Cost + w4*Stability`, and hard limits."""

    quality: float = 1.0
    latency: float = 0.0
    cost: float = 0.0
    stability: float = 0.0
    max_row_milliseconds: float | None = None
    max_size_bytes: int | None = None


@dataclass(frozen=True)
class Forecasting:
    time_column: str
    series_columns: tuple[str, ...] = ()
    horizon: int | None = None
    """None: `auto`."""
    frequency: str | None = None
    target_lags: tuple[int, ...] | str | None = None
    rolling_window: int | str | None = None
    seasonality: int | str | None = "auto"
    feature_lags: str = "none"
    use_stl: str = "none"
    short_series: str = "auto"
    aggregate: str | None = None
    unknown_columns: tuple[str, ...] = ()
    """Of no known value in the future (`features_unknown_at_forecast_time`)."""
    holidays_country: str | None = None
    cv_step: int | None = None
    quantiles: tuple[float, ...] = (0.1, 0.5, 0.9)


@dataclass(frozen=True)
class Settings:
    target: str
    task: Task | None = None
    """None: told from the target."""
    metric: str | None = None
    """Snake case: `auc_weighted`, `normalized_root_mean_squared_error`, ...; also `log_loss`, `rmse`, `mae`, `mase`."""
    weight_column: str | None = None
    positive_label: Any = None
    limits: Limits = Limits()
    training: Training = Training()
    featurization: Featurization = Featurization()
    validation: Validation = Validation()
    choice: Choice = Choice()
    forecasting: Forecasting | None = None
    seed: int = 0
