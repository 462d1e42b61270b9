"""The metrics by name: Azure ML's, written as its YAML or as its SDK does, and those usual elsewhere."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from modelyard.automl.task import Task
from modelyard.automl.validate import classification_metrics as classes
from modelyard.automl.validate import regression_metrics as numbers
from modelyard.domain.errors import InvalidInput

Array = np.ndarray
ScoreFunction = Callable[[Array, Array, Array | None], float]

CLASSIFICATION = frozenset({Task.BINARY, Task.MULTICLASS})
NUMBERS = frozenset({Task.REGRESSION, Task.FORECASTING})


@dataclass(frozen=True)
class Metric:
    """A score in its own unit. A constant predictor that cannot be scored gives NaN, never an error."""

    name: str
    greater_is_better: bool
    tasks: frozenset[Task]
    needs: str
    """What predictions it takes: `probabilities` (rows, classes) or `numbers` (rows,)."""
    function: ScoreFunction = field(repr=False, compare=False)
    label: str = ""
    """As Azure ML writes it in a run: `AUC_weighted`; the name itself else."""
    best: float = 1.0
    """The score of a perfect prediction."""

    def score(self, target: Array, prediction: Array, weight: Array | None = None) -> float:
        """`target` (rows,): class numbers or numbers. `prediction`: see `needs`."""
        return self.function(target, prediction, weight)

    def loss(self, score: float) -> float:
        """`score` turned so that less is better; infinite where it is NaN."""
        if np.isnan(score):
            return float("inf")
        return -score if self.greater_is_better else score

    def scaled(self, extent: float | None = None, season_error: float | None = None) -> Metric:
        """The same metric, normalised by the range of all targets or the naive error in training, where it uses one."""
        if self.name in _NORMALIZED and extent is not None:
            function = numbers.normalized(_NORMALIZED[self.name], extent)
        elif self.name == "mase":
            function = numbers.mase(season_error)
        else:
            return self
        return Metric(self.name, self.greater_is_better, self.tasks, self.needs, function, self.label, self.best)


def metric(name: str, task: Task | None = None) -> Metric:
    """The metric of that name, in any of its spellings.

    Raises:
        InvalidInput: no such metric, or it does not fit the task; says which would.
    """
    found = METRICS.get(canonical_name(name))
    fitting = names_for(task)
    if found is None:
        near = difflib.get_close_matches(canonical_name(name), [*METRICS, *_ALIASES], n=1)
        mend = f"did you mean '{_ALIASES.get(near[0], near[0])}'?" if near else f"one of {', '.join(fitting)}"
        raise InvalidInput(f"there is no metric '{name}'", field="primary_metric", mend=mend)
    if task is not None and task not in found.tasks:
        near = [other for other in fitting if other.split("_")[-1] == found.name.split("_")[-1]]
        mend = f"did you mean '{near[0]}'? " if near else ""
        text = f"the metric '{name}' does not fit {task.value}"
        raise InvalidInput(text, field="primary_metric", mend=f"{mend}one of {', '.join(fitting)}")
    return found


def canonical_name(name: str) -> str:
    """`AUC_weighted`, `AUCWeighted`, `auc-weighted` -> `auc_weighted`; aliases resolved."""
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name.strip())
    text = re.sub(r"[\s\-_]+", "_", text).lower()
    text = text.removeprefix("neg_")
    return _ALIASES.get(text, text)


def names_for(task: Task | None) -> list[str]:
    return [name for name, found in METRICS.items() if task is None or task in found.tasks]


def default_metric(task: Task) -> str:
    """Azure ML's default of the task."""
    return "auc_weighted" if task.is_classification else "normalized_root_mean_squared_error"


def all_metrics(
    task: Task, target: Array, prediction: Array, weight: Array | None = None, *, extent: float | None = None
) -> dict[str, float]:
    """Every metric of the task that these rows allow; those that come out as NaN are left out."""
    several = prediction.ndim == 2 and prediction.shape[1] > 2
    found = {}
    for name, each in METRICS.items():
        if task not in each.tasks or name == "mase" or (several and name.endswith("_binary")):
            continue
        value = each.scaled(extent).score(target, prediction, weight)
        if np.isfinite(value):
            found[name] = float(value)
    return found


def _classification(name: str, function: ScoreFunction, label: str = "", *, greater: bool = True) -> Metric:
    return Metric(name, greater, CLASSIFICATION, "probabilities", function, label or name, 1.0 if greater else 0.0)


def _binary(name: str, function: ScoreFunction, label: str = "") -> Metric:
    return Metric(name, True, frozenset({Task.BINARY}), "probabilities", function, label or name)


def _numeric(name: str, function: ScoreFunction, *, greater: bool = False) -> Metric:
    return Metric(name, greater, NUMBERS, "numbers", function, name, 1.0 if greater else 0.0)


_NORMALIZED: Mapping[str, ScoreFunction] = {
    "normalized_root_mean_squared_error": numbers.rmse,
    "normalized_mean_absolute_error": numbers.mae,
    "normalized_median_absolute_error": numbers.median_absolute_error,
    "normalized_root_mean_squared_log_error": numbers.rmsle,
}

_ALL = (
    _classification("auc_weighted", classes.auc_weighted, "AUC_weighted"),
    _classification("accuracy", classes.accuracy),
    _classification("norm_macro_recall", classes.norm_macro_recall),
    _classification("average_precision_score_weighted", classes.average_precision_weighted),
    _classification("precision_score_weighted", classes.of_classes("precision", "weighted")),
    _classification("log_loss", classes.log_loss, greater=False),
    _classification("brier_score", classes.brier, greater=False),
    _classification("auc_macro", classes.auc_macro, "AUC_macro"),
    _classification("auc_micro", classes.auc_micro, "AUC_micro"),
    _binary("auc_binary", classes.auc_binary, "AUC_binary"),
    _classification("average_precision_score_macro", classes.average_precision_macro),
    _classification("average_precision_score_micro", classes.average_precision_micro),
    _binary("average_precision_score_binary", classes.average_precision_binary),
    _classification("balanced_accuracy", classes.balanced_accuracy),
    _classification("weighted_accuracy", classes.weighted_accuracy),
    _classification("matthews_correlation", classes.matthews_correlation),
    *(
        _classification(f"{which}_{average}", classes.of_classes(which.removesuffix("_score"), average))
        for which in ("f1_score", "precision_score", "recall_score")
        for average in ("weighted", "macro", "micro")
        if (which, average) != ("precision_score", "weighted")
    ),
    *(
        _binary(f"{which}_binary", classes.of_classes(which.removesuffix("_score"), "binary"))
        for which in ("f1_score", "precision_score", "recall_score")
    ),
    *(_numeric(name, numbers.normalized(error, None)) for name, error in list(_NORMALIZED.items())[:2]),
    _numeric("r2_score", numbers.r2, greater=True),
    _numeric("spearman_correlation", numbers.spearman, greater=True),
    _numeric("root_mean_squared_error", numbers.rmse),
    _numeric("mean_absolute_error", numbers.mae),
    _numeric("mean_squared_error", numbers.mse),
    _numeric("median_absolute_error", numbers.median_absolute_error),
    _numeric("max_error", numbers.max_error),
    _numeric("mean_absolute_percentage_error", numbers.mape),
    _numeric("smape", numbers.smape),
    _numeric("wape", numbers.wape),
    _numeric("root_mean_squared_log_error", numbers.rmsle),
    *(_numeric(name, numbers.normalized(error, None)) for name, error in list(_NORMALIZED.items())[2:]),
    _numeric("explained_variance", numbers.explained_variance, greater=True),
    Metric("mase", False, frozenset({Task.FORECASTING}), "numbers", numbers.mase(None), "mase", 0.0),
)
METRICS: Mapping[str, Metric] = {each.name: each for each in _ALL}
_ALIASES: Mapping[str, str] = {
    "auc": "auc_weighted",
    "roc_auc": "auc_weighted",
    "roc_auc_ovr_weighted": "auc_weighted",
    "roc_auc_ovr": "auc_macro",
    "average_precision": "average_precision_score_binary",
    "logloss": "log_loss",
    "cross_entropy": "log_loss",
    "brier": "brier_score",
    "brier_score_loss": "brier_score",
    "mcc": "matthews_correlation",
    "matthews_corrcoef": "matthews_correlation",
    "f1": "f1_score_binary",
    "precision": "precision_score_binary",
    "recall": "recall_score_binary",
    "balanced_accuracy_score": "balanced_accuracy",
    "recall_macro": "balanced_accuracy",
    **{
        f"{which}_{average}": f"{which}_score_{average}"
        for which in ("f1", "precision")
        for average in ("weighted", "macro", "micro")
    },
    "r2": "r2_score",
    "spearman": "spearman_correlation",
    "rmse": "root_mean_squared_error",
    "mae": "mean_absolute_error",
    "mse": "mean_squared_error",
    "mape": "mean_absolute_percentage_error",
    "rmsle": "root_mean_squared_log_error",
    "nrmse": "normalized_root_mean_squared_error",
    "normalized_rmse": "normalized_root_mean_squared_error",
    "nmae": "normalized_mean_absolute_error",
    "symmetric_mean_absolute_percentage_error": "smape",
    "mean_absolute_scaled_error": "mase",
}
