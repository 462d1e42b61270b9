from __future__ import annotations

import numpy as np
import pytest

from modelyard.automl.forecast.metrics import Truth, all_metrics, metric, pinball, seasonal_scale, truth_of
from modelyard.domain.errors import InvalidInput
from modelyard.testing.forecaster_suite import panel_of, waves

ACTUAL = np.array([[[1.0, 2.0], [10.0, 30.0]]])
TRUTH = Truth(ACTUAL, np.array([4.0, 40.0]), np.array([[2.0, 5.0]]))
FORECAST = np.array([[[2.0, 2.0], [10.0, 20.0]]])


def test_values_worked_by_hand() -> None:
    found = all_metrics(TRUTH, FORECAST)
    assert found["mean_absolute_error"] == pytest.approx(11 / 4)
    assert found["mase"] == pytest.approx((0.5 / 2 + 5 / 5) / 2)
    assert found["wape"] == pytest.approx(11 / 43)
    assert found["normalized_mean_absolute_error"] == pytest.approx((0.5 / 4 + 5 / 40) / 2)
    assert found["normalized_root_mean_squared_error"] == pytest.approx((np.sqrt(0.5) / 4 + np.sqrt(50) / 40) / 2)
    assert found["smape"] == pytest.approx(100 * ((2 / 3) / 2 + (20 / 50) / 2) / 2)
    assert found["spearman_correlation"] == pytest.approx(0.9486833)
    assert pinball(TRUTH, FORECAST, 0.5) == pytest.approx(found["normalized_mean_absolute_error"] / 2)


def test_the_perfect_forecast() -> None:
    found = all_metrics(TRUTH, ACTUAL)
    assert found["r2_score"] == 1 and found["spearman_correlation"] == pytest.approx(1)
    assert all(found[name] == 0 for name in found if name not in ("r2_score", "spearman_correlation"))


def test_windows_that_a_series_lacks_do_not_count() -> None:
    actual = np.concatenate([ACTUAL, np.full_like(ACTUAL, np.nan)])
    truth = Truth(actual, TRUTH.ranges, np.concatenate([TRUTH.scales, [[np.nan, np.nan]]]))
    assert all_metrics(truth, np.concatenate([FORECAST, FORECAST * 9])) == pytest.approx(all_metrics(TRUTH, FORECAST))


def test_the_scale_of_mase_is_the_seasonal_difference() -> None:
    values = np.array([1.0, 5.0, 2.0, 8.0])
    assert seasonal_scale(values, 2) == pytest.approx(2.0)
    assert seasonal_scale(values, 9) == pytest.approx((4 + 3 + 6) / 3)
    assert np.isnan(seasonal_scale(np.ones(5), 1))


def test_truth_holds_what_came_after_each_origin() -> None:
    panel = panel_of(waves(0, 30), waves(1, 13))
    truth = truth_of(panel, (24, 12), 12)
    np.testing.assert_array_equal(truth.actual[0, 0], panel.series[0].target[6:18])
    np.testing.assert_array_equal(truth.actual[1, 0], panel.series[0].target[18:])
    assert np.isnan(truth.actual[:, 1]).all(), "one point before the origin is too few"


@pytest.mark.parametrize(
    "name", ["rmse", "mae", "MASE", "normalized_root_mean_squared_error", "NormalizedMeanAbsoluteError"]
)
def test_names_in_any_spelling(name: str) -> None:
    assert metric(name).greater_is_better is False


def test_a_metric_of_classes_does_not_fit() -> None:
    with pytest.raises(InvalidInput, match="no metric of forecasting"):
        metric("auc_weighted")
