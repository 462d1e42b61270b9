"""Charts say what the rows say, stay small, and can be drawn."""

import json

import numpy as np
import pytest

from modelyard.automl.outcome.charts.charts import charts, forecast_chart
from modelyard.automl.outcome.charts.pictures import draw
from modelyard.automl.task import Task
from modelyard.domain.errors import InvalidInput

CLASS_CHARTS = {"confusion_matrix", "roc", "precision_recall", "calibration", "gain", "lift"}


def _binary(rows: int = 3000) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    told = rng.random(rows)
    target = (rng.random(rows) < told).astype(int)
    return target, np.stack([1 - told, told], axis=1)


def test_curves_of_two_classes_agree_with_scikit_learn() -> None:
    from sklearn.metrics import average_precision_score, confusion_matrix, roc_auc_score

    target, probability = _binary()
    found = charts(Task.BINARY, target, probability, classes=["no", "yes"])
    assert set(found) == CLASS_CHARTS
    roc, precision = (found[name]["data"]["curves"][0] for name in ("roc", "precision_recall"))
    assert roc["label"] == "yes"
    assert roc["area"] == pytest.approx(roc_auc_score(target, probability[:, 1]))
    assert precision["average_precision"] == pytest.approx(average_precision_score(target, probability[:, 1]))
    assert found["confusion_matrix"]["data"]["matrix"] == confusion_matrix(target, probability.argmax(1)).tolist()
    calibrated = found["calibration"]["data"]["curves"][0]
    assert np.abs(np.array(calibrated["x"]) - calibrated["y"]).max() < 0.1
    lift, gain = (found[name]["data"]["curves"][0] for name in ("lift", "gain"))
    assert lift["y"][-1] == pytest.approx(1.0)
    assert (gain["x"][0], gain["y"][0], gain["x"][-1], gain["y"][-1]) == (0, 0, 1, 1)


def test_charts_are_small_json_however_many_rows_and_classes() -> None:
    rng = np.random.default_rng(0)
    probability = rng.dirichlet(np.ones(80), 20_000)
    found = charts(Task.MULTICLASS, rng.integers(0, 80, 20_000), probability)
    text = json.dumps(found, allow_nan=False)
    assert len(text) < 400_000
    assert len(found["confusion_matrix"]["data"]["class_labels"]) == 60
    assert max(len(curve["x"]) for curve in found["roc"]["data"]["curves"]) <= 200


def test_rows_without_a_prediction_are_left_out() -> None:
    target, probability = _binary(200)
    probability[:50] = np.nan
    matrix = charts(Task.BINARY, target, probability)["confusion_matrix"]["data"]["matrix"]
    assert np.sum(matrix) == 150
    with pytest.raises(InvalidInput, match="no row"):
        charts(Task.BINARY, target, np.full((200, 2), np.nan))


@pytest.mark.parametrize("target", [np.arange(500.0), np.full(20, 3.0), np.arange(30.0) * 1e300])
def test_errors_of_numbers(target: np.ndarray) -> None:
    prediction = target + np.random.default_rng(0).normal(size=len(target))
    found = charts(Task.REGRESSION, target, prediction, importances={"a": 1.0, "b": 3.0})
    data = found["residuals"]["data"]
    assert sum(data["bin_counts"]) == len(target)
    assert data["mean"] == pytest.approx(float((prediction - target).mean()))
    assert sum(found["predicted_true"]["data"]["bin_counts"]) == len(target)
    assert len(found["predicted_true"]["data"]["true"]) <= 200
    assert found["feature_importance"]["data"]["columns"] == ["b", "a"]
    json.dumps(found, allow_nan=False)


def test_one_class_among_the_rows_has_no_curves_but_a_matrix() -> None:
    found = charts(Task.BINARY, np.zeros(10, dtype=int), np.tile([0.9, 0.1], (10, 1)))
    assert found["roc"]["data"]["curves"] == []
    assert draw(found["roc"]).startswith(b"\x89PNG")


def test_each_chart_is_drawn() -> None:
    target, probability = _binary(300)
    found = charts(Task.BINARY, target, probability, classes=["_$x^2", "名前"], importances={"a_$b": 1.0})
    numbers = charts(Task.REGRESSION, np.arange(50.0), np.arange(50.0) + 1)
    one = {"name": "shop", "times": ["2024-01-01", "2024-02-01"], "true": [1.0, None], "predicted": [None, 2.0],
           "intervals": {"0.1": [None, 1.5], "0.9": [None, 2.5]}}  # fmt: skip
    for chart in (*found.values(), *numbers.values(), forecast_chart([one])):
        assert draw(chart).startswith(b"\x89PNG")
    with pytest.raises(InvalidInput, match="no chart"):
        draw({"schema_type": "pie", "data": {}})
