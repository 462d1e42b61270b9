"""The flat keyword arguments of `fit`, as fields of `Settings`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

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
from modelyard.domain.errors import InvalidInput, did_you_mean

_PARTS: Mapping[str, type[Any]] = {
    "limits": Limits,
    "training": Training,
    "featurization": Featurization,
    "validation": Validation,
    "choice": Choice,
    "forecasting": Forecasting,
}
# Azure ML's name -> (part, field). A part of None is the settings themselves.
_NAMES: Mapping[str, tuple[str | None, str]] = {
    "target_column_name": (None, "target"),
    "primary_metric": (None, "metric"),
    "weight_column_name": (None, "weight_column"),
    "n_cross_validations": ("validation", "folds"),
    "validation_data_size": ("validation", "fraction"),
    "test_data_size": ("validation", "holdout_fraction"),
    "cv_split_column_names": ("validation", "cv_split_columns"),
    "max_cores_per_trial": ("limits", "threads_per_trial"),
    "enable_early_termination": ("limits", "early_termination"),
    "allowed_training_algorithms": ("training", "allowed"),
    "blocked_training_algorithms": ("training", "blocked"),
    "enable_vote_ensemble": ("training", "voting"),
    "enable_stack_ensemble": ("training", "stacking"),
    "enable_model_explainability": ("training", "explain"),
    "enable_onnx_compatible_models": ("training", "onnx"),
    "enable_dnn_training": ("training", "neural"),
    "dataset_language": ("featurization", "language"),
    "column_name_and_types": ("featurization", "column_purposes"),
    "time_column_name": ("forecasting", "time_column"),
    "time_series_id_column_names": ("forecasting", "series_columns"),
    "forecast_horizon": ("forecasting", "horizon"),
    "target_rolling_window_size": ("forecasting", "rolling_window"),
    "target_aggregate_function": ("forecasting", "aggregate"),
    "features_unknown_at_forecast_time": ("forecasting", "unknown_columns"),
    "country_or_region_for_holidays": ("forecasting", "holidays_country"),
    "cv_step_size": ("forecasting", "cv_step"),
    "short_series_handling_config": ("forecasting", "short_series"),
}
_MINUTES = {"timeout_minutes": "timeout_seconds", "trial_timeout_minutes": "trial_timeout_seconds"}
_TASKS = {"classification": Task.MULTICLASS, "regression": Task.REGRESSION, "forecasting": Task.FORECASTING}
# `auto` is what None stands for.
_AUTO = ("folds", "horizon")


def settings_of(target: str | None, task: Task | str | None, options: Mapping[str, Any]) -> Settings:
    """Settings from flat names: our own (`timeout_seconds`, `folds`, ...), Azure ML's, and whole parts (`limits=...`).

    Raises:
        InvalidInput: an unknown name, or no target.
    """
    parts: dict[str, dict[str, Any]] = {name: {} for name in _PARTS}
    own: dict[str, Any] = {}
    whole: dict[str, Any] = {}
    for name, value in options.items():
        if name in _PARTS and not isinstance(value, Mapping | str):
            whole[name] = value
        elif name == "featurization" and isinstance(value, str):
            parts["featurization"]["mode"] = value
        elif name in _PARTS:
            parts[name].update(dict(_placed(f"{name}.", value)).get(name, {}))
        elif value is not None:
            part, field, given = _place(name, value)
            (own if part is None else parts[part])[field] = given
    if target is None and "target" not in own:
        raise InvalidInput("which column is to be predicted?", field="target", mend="fit(data, target='...')")
    own.setdefault("target", target)
    made = {name: _part(name, whole.get(name), given) for name, given in parts.items()}
    return Settings(task=task_of(task), **own, **{name: part for name, part in made.items() if part is not None})


def task_of(task: Task | str | None) -> Task | None:
    """The task of a name. `classification` is multiclass: a target of two classes makes it binary."""
    if task is None or isinstance(task, Task):
        return task
    if task.lower() in _TASKS:
        return _TASKS[task.lower()]
    if task.lower() in list(Task):
        return Task(task.lower())
    known = [*_TASKS, *(each.value for each in Task)]
    raise InvalidInput(f"there is no task '{task}'", field="task", mend=did_you_mean(task, known))


def _placed(prefix: str, members: Mapping[str, Any]) -> Mapping[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for name, value in members.items():
        if value is None:
            continue
        part, field, given = _place(name, value)
        if part is None or f"{part}." != prefix:
            raise InvalidInput(f"'{name}' is no setting of '{prefix[:-1]}'", field=f"{prefix}{name}")
        found.setdefault(part, {})[field] = given
    return found


def _place(name: str, value: Any) -> tuple[str | None, str, Any]:
    if name in _MINUTES:
        return "limits", _MINUTES[name], float(value) * 60.0
    part, field = _NAMES.get(name) or _own_place(name)
    if field in _AUTO and value == "auto":
        value = None
    if isinstance(value, list):
        value = tuple(value)
    if field in ("series_columns", "unknown_columns", "group_columns") and isinstance(value, str):
        value = (value,)
    if field == "threads_per_trial" and value == -1:
        value = None
    return part, field, value


def _own_place(name: str) -> tuple[str | None, str]:
    if name in {each.name for each in fields(Settings)} - set(_PARTS):
        return None, name
    for part, kind in _PARTS.items():
        if name in {each.name for each in fields(kind)}:
            return part, name
    kinds: list[type[Any]] = [Settings, *_PARTS.values()]
    known = [
        *_NAMES,
        *_MINUTES,
        *_PARTS,
        *(each.name for kind in kinds for each in fields(kind)),
    ]
    raise InvalidInput(f"there is no setting '{name[:60]}'", field=name[:60], mend=did_you_mean(name, known))


def _part(name: str, whole: Any, given: Mapping[str, Any]) -> Any:
    if whole is not None:
        return replace(whole, **given)
    if name == "forecasting" and not given:
        return None
    try:
        return _PARTS[name](**given)
    except TypeError as error:
        raise InvalidInput(f"settings of {name}: {error}", field=name) from error
