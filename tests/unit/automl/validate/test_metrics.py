"""Scores agree with scikit-learn's where it has them, and with Azure ML's definitions."""

from __future__ import annotations

import numpy as np
import pytest

from modelyard.automl.task import Task
from modelyard.automl.validate.metrics import METRICS, all_metrics, canonical_name, default_metric, metric, names_for
from modelyard.domain.errors import InvalidInput

sklearn = pytest.importorskip("sklearn.metrics")

_ROWS = 300


@pytest.fixture(params=[False, True], ids=["even", "weighted"])
def weight(request: pytest.FixtureRequest) -> np.ndarray | None:
    return np.random.default_rng(1).random(_ROWS) + 0.1 if request.param else None


@pytest.fixture
def classes() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(2)
    probability = random.dirichlet([1, 1, 1, 1], _ROWS).round(2) + 1e-3
    return random.integers(0, 4, _ROWS), probability / probability.sum(axis=1, keepdims=True)


def _choice(probability: np.ndarray) -> np.ndarray:
    return probability.argmax(axis=1)


_CLASSIFICATION = {
    "auc_weighted": lambda y, p, w: sklearn.roc_auc_score(y, p, multi_class="ovr", average="weighted", sample_weight=w),
    "auc_macro": lambda y, p, w: sklearn.roc_auc_score(y, p, multi_class="ovr", average="macro", sample_weight=w),
    "average_precision_score_weighted": lambda y, p, w: sklearn.average_precision_score(
        np.eye(4)[y], p, average="weighted", sample_weight=w
    ),
    "log_loss": lambda y, p, w: sklearn.log_loss(y, p, sample_weight=w),
    "accuracy": lambda y, p, w: sklearn.accuracy_score(y, _choice(p), sample_weight=w),
    "balanced_accuracy": lambda y, p, w: sklearn.balanced_accuracy_score(y, _choice(p), sample_weight=w),
    "norm_macro_recall": lambda y, p, w: sklearn.balanced_accuracy_score(y, _choice(p), sample_weight=w, adjusted=True),
    "matthews_correlation": lambda y, p, w: sklearn.matthews_corrcoef(y, _choice(p), sample_weight=w),
    "precision_score_weighted": lambda y, p, w: sklearn.precision_score(
        y, _choice(p), average="weighted", sample_weight=w
    ),
    "f1_score_macro": lambda y, p, w: sklearn.f1_score(y, _choice(p), average="macro", sample_weight=w),
    "recall_score_micro": lambda y, p, w: sklearn.recall_score(y, _choice(p), average="micro", sample_weight=w),
}


@pytest.mark.parametrize("name", _CLASSIFICATION)
def test_scores_of_classes_are_those_of_scikit_learn(
    name: str, classes: tuple[np.ndarray, np.ndarray], weight: np.ndarray | None
) -> None:
    expected = _CLASSIFICATION[name](*classes, weight)
    assert metric(name).score(*classes, weight) == pytest.approx(expected, rel=1e-9)


_REGRESSION = {
    "r2_score": lambda y, p, w: sklearn.r2_score(y, p, sample_weight=w),
    "root_mean_squared_error": lambda y, p, w: sklearn.root_mean_squared_error(y, p, sample_weight=w),
    "mean_absolute_error": lambda y, p, w: sklearn.mean_absolute_error(y, p, sample_weight=w),
    "mean_absolute_percentage_error": lambda y, p, w: (
        100 * sklearn.mean_absolute_percentage_error(y, p, sample_weight=w)
    ),
    "explained_variance": lambda y, p, w: sklearn.explained_variance_score(y, p, sample_weight=w),
    "root_mean_squared_log_error": lambda y, p, w: sklearn.root_mean_squared_log_error(y, p, sample_weight=w),
    "normalized_root_mean_squared_error": lambda y, p, w: (
        sklearn.root_mean_squared_error(y, p, sample_weight=w) / (y.max() - y.min())
    ),
}


@pytest.mark.parametrize("name", _REGRESSION)
def test_scores_of_numbers_are_those_of_scikit_learn(name: str, weight: np.ndarray | None) -> None:
    random = np.random.default_rng(3)
    target = random.gamma(2.0, 10.0, _ROWS) + 1.0
    prediction = np.abs(target + random.normal(0, 5, _ROWS))
    expected = _REGRESSION[name](target, prediction, weight)
    assert metric(name).score(target, prediction, weight) == pytest.approx(expected, rel=1e-9)


def test_the_rank_correlation_is_that_of_scipy() -> None:
    stats = pytest.importorskip("scipy.stats")
    random = np.random.default_rng(4)
    target, prediction = random.integers(0, 9, 80).astype(float), random.normal(size=80).round(1)
    expected = stats.spearmanr(target, prediction).statistic
    assert metric("spearman_correlation").score(target, prediction) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("AUC_weighted", "auc_weighted"),
        ("AUCWeighted", "auc_weighted"),
        ("NormalizedRootMeanSquaredError", "normalized_root_mean_squared_error"),
        ("r2_score", "r2_score"),
        ("R2Score", "r2_score"),
        ("NormMacroRecall", "norm_macro_recall"),
        ("rmse", "root_mean_squared_error"),
        ("neg_log_loss", "log_loss"),
        ("spearman-correlation", "spearman_correlation"),
    ],
)
def test_every_spelling_of_a_metric_is_known(written: str, name: str) -> None:
    assert canonical_name(written) == name
    assert metric(written).name == name


def test_a_metric_that_is_not_is_answered_with_the_one_meant() -> None:
    with pytest.raises(InvalidInput, match="did you mean 'auc_weighted'"):
        metric("auc_wieghted")


def test_a_metric_of_another_task_is_refused() -> None:
    with pytest.raises(InvalidInput, match="does not fit regression"):
        metric("auc_weighted", Task.REGRESSION)
    with pytest.raises(InvalidInput, match="one of auc_weighted"):
        metric("rmse", Task.BINARY)


@pytest.mark.parametrize("task", [Task.BINARY, Task.MULTICLASS, Task.REGRESSION, Task.FORECASTING])
def test_the_default_of_a_task_is_a_metric_of_it(task: Task) -> None:
    assert default_metric(task) in names_for(task)


@pytest.mark.parametrize("name", METRICS)
def test_a_perfect_prediction_has_the_best_score(name: str) -> None:
    found = METRICS[name]
    if found.needs == "numbers":
        target = np.array([1.0, 2.0, 5.0, 3.0])
        score = found.scaled(extent=4.0, season_error=1.0).score(target, target)
    else:
        target = np.array([0, 1, 0, 1])
        score = found.score(target, np.eye(2)[target])
    assert score == pytest.approx(found.best, abs=1e-9)


def test_a_fold_without_a_class_is_scored_on_the_others() -> None:
    target = np.array([0, 1, 0, 1, 0, 1])
    probability = np.array([[0.6, 0.3, 0.1], [0.2, 0.7, 0.1]] * 3)
    found = all_metrics(Task.MULTICLASS, target, probability)
    assert found["auc_weighted"] == 1.0
    assert found["balanced_accuracy"] == 1.0


def test_a_fold_of_one_class_has_no_area_but_other_scores() -> None:
    found = all_metrics(Task.BINARY, np.zeros(4, dtype=int), np.full((4, 2), 0.5))
    assert "auc_weighted" not in found
    assert found["log_loss"] == pytest.approx(np.log(2))


def test_a_constant_prediction_is_scored_without_a_warning() -> None:
    found = all_metrics(Task.REGRESSION, np.array([1.0, 2.0, 3.0]), np.full(3, 2.0))
    assert found["spearman_correlation"] == 0.0
    assert found["r2_score"] == 0.0


def test_a_normalised_error_takes_the_range_of_all_data_where_it_is_known() -> None:
    target, prediction = np.array([1.0, 3.0]), np.array([2.0, 4.0])
    own = metric("normalized_mean_absolute_error")
    assert own.score(target, prediction) == pytest.approx(0.5)
    assert own.scaled(extent=10.0).score(target, prediction) == pytest.approx(0.1)


def test_the_loss_of_a_score_that_is_not_defined_is_the_worst() -> None:
    assert metric("auc_weighted").loss(float("nan")) == float("inf")
    assert metric("auc_weighted").loss(0.9) < metric("auc_weighted").loss(0.8)
    assert metric("rmse").loss(1.0) < metric("rmse").loss(2.0)
