"""The charts of a model on rows whose target is known. Each is `{"schema_type", "schema_version", "data"}`, as Azure
ML logs its charts; the data are JSON types of bounded size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from modelyard.automl.outcome.charts.classification_charts import calibration, confusion, curves
from modelyard.automl.outcome.charts.regression_charts import predicted_true, residuals
from modelyard.automl.task import Task
from modelyard.domain.errors import InvalidInput

VERSION = "1.0.0"
_MOST_BARS = 20
_MOST_SERIES = 6
_SAMPLE = 50_000


def charts(
    task: Task,
    target: np.ndarray,
    prediction: np.ndarray,
    *,
    classes: Sequence[Any] = (),
    importances: Mapping[str, float] | None = None,
    seed: int = 0,
) -> dict[str, dict[str, Any]]:
    """By name: `confusion_matrix roc precision_recall calibration gain lift` of classes, `predicted_true residuals` of
    numbers, `feature_importance` where importances are given.

    `target` holds class numbers or numbers; `prediction` (rows, classes) probabilities or (rows,) numbers. Rows whose
    prediction is not finite (no fold held them) are left out; of very many rows a sample is taken.

    Raises:
        InvalidInput: no row has a prediction.
    """
    target, prediction = _held(np.asarray(target), np.asarray(prediction, dtype=float), seed)
    if task.is_classification:
        labels = [str(label) for label in classes] or [str(index) for index in range(prediction.shape[1])]
        found = {"confusion_matrix": confusion(target, prediction, labels)}
        found |= {name: {"curves": several} for name, several in curves(target, prediction, labels).items()}
        found["calibration"] = {"curves": calibration(target, prediction, labels)}
    else:
        target = target.astype(float)
        found = {
            "predicted_true": predicted_true(target, prediction, seed),
            "residuals": residuals(target, prediction),
        }
    if importances:
        found["feature_importance"] = importance(importances)
    return {name: chart(name, data) for name, data in found.items()}


def importance(importances: Mapping[str, float]) -> dict[str, Any]:
    """The largest, in order."""
    largest = sorted(importances.items(), key=lambda item: -abs(item[1]))[:_MOST_BARS]
    return {"columns": [str(name) for name, _ in largest], "importances": [float(size) for _, size in largest]}


def forecast_chart(series: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Of some series: each `name`, `times` (texts), `true` (None where not known), `predicted`, and by quantile
    `intervals`: `{"0.1": [...], "0.9": [...]}`."""
    kept = [dict(one) for one in series[:_MOST_SERIES]]
    return chart("forecast", {"series": kept, "series_count": len(series)})


def chart(name: str, data: Mapping[str, Any]) -> dict[str, Any]:
    return {"schema_type": name, "schema_version": VERSION, "data": dict(data)}


def _held(target: np.ndarray, prediction: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    held = np.flatnonzero(np.isfinite(prediction.reshape(len(prediction), -1)).all(axis=1))
    if not len(held):
        raise InvalidInput("no row has a prediction to draw", field="prediction")
    if len(held) > _SAMPLE:
        held = np.sort(np.random.default_rng(seed).choice(held, _SAMPLE, replace=False))
    return target[held], prediction[held]
