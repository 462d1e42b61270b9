from __future__ import annotations

import numpy as np
import pytest

from modelyard.automl.forecast.calendar import calendar_features, holiday_features, require_country
from modelyard.automl.forecast.frequency import steps_after
from modelyard.automl.forecast.lag_table import LagPlan, LagTable, Rows
from modelyard.automl.forecast.lags import chosen_lags, chosen_windows, partial_autocorrelation, significant_lags
from modelyard.automl.forecast.local_forecaster import label
from modelyard.automl.forecast.models.prophet import ProphetForecaster
from modelyard.automl.forecast.panel import Panel, Series
from modelyard.automl.models.tabular_model import Means
from modelyard.automl.plan.settings import Forecasting
from modelyard.domain.errors import InvalidInput
from modelyard.testing.forecaster_suite import panel_of, waves


def autoregressive(points: int = 600) -> Panel:
    draw = np.random.default_rng(0)
    values = np.zeros(points)
    for place in range(3, points):
        values[place] = 0.7 * values[place - 3] + draw.normal()
    times = steps_after(np.datetime64("2000-01-01", "ns"), "D", points)
    return Panel((Series((), times, values, np.empty((points, 0)), np.empty((points, 0))),), "D")


def test_partial_autocorrelation_finds_the_lag() -> None:
    found = partial_autocorrelation(autoregressive().series[0].target, 6)
    assert int(np.argmax(np.abs(found))) == 2
    assert found[2] == pytest.approx(0.7, abs=0.08)
    assert np.abs(found[3:]).max() < 0.15


def test_lags_as_asked() -> None:
    panel = autoregressive()
    assert significant_lags(panel) == (3,)
    assert chosen_lags(Forecasting("t", target_lags="auto"), panel) == (3,)
    assert chosen_lags(Forecasting("t", target_lags=(5, 1, 5)), panel) == (1, 5)
    assert chosen_windows(Forecasting("t", rolling_window=4), panel) == (4,)
    assert chosen_windows(Forecasting("t", rolling_window="auto"), panel) == (3,)
    for wrong in ((0,), ("a",), "all"):
        with pytest.raises(InvalidInput, match="Lags are whole numbers"):
            chosen_lags(Forecasting("t", target_lags=wrong), panel)
    with pytest.raises(InvalidInput, match="at least 2"):
        chosen_windows(Forecasting("t", rolling_window=1), panel)


def test_a_row_tells_what_was_known_at_its_origin() -> None:
    panel = panel_of(waves(0, 40), waves(1, 30))
    plan = LagPlan((1, 2, 12), (3,), 12)
    codes = {label(one): number for number, one in enumerate(panel.series)}
    lags = LagTable(plan, panel, codes, (), 0)
    rows = Rows(np.array([0, 1]), np.array([30, 20]), np.array([2, 5]))
    table = lags.table(rows)
    names = list(lags.names)
    one = panel.series[1].target
    assert lags.targets(rows)[1] == one[25]
    told = table.matrix[1] * table.scales[1] + table.anchors[1]
    assert told[names.index("lag1")] == pytest.approx(one[20], rel=1e-4)
    assert told[names.index("lag12")] == pytest.approx(one[9], rel=1e-4)
    assert told[names.index("season1")] == pytest.approx(one[13], rel=1e-4)
    assert table.matrix[1][names.index("step")] == 5
    assert table.matrix[1][names.index("series")] == 1
    assert table.matrix[1][names.index("month")] == 2
    assert table.anchors[1] == pytest.approx(one[9:21].mean())


def test_series_do_not_see_each_other() -> None:
    panel = panel_of(waves(0, 40), waves(1, 30))
    other = panel_of(waves(0, 40, level=5000.0), waves(1, 30))
    plan = LagPlan((1, 24), (24,), 12, identity=False)
    rows = Rows(np.array([1]), np.array([2]), np.array([1]))
    first, second = (LagTable(plan, one, {}, (), 0).table(rows).matrix for one in (panel, other))
    np.testing.assert_array_equal(first, second)


class TestCalendar:
    def test_only_what_differs_at_the_frequency(self) -> None:
        yearly = steps_after(np.datetime64("2000-01-01", "ns"), "YS", 5)
        assert calendar_features(yearly, "YS")[1] == ()
        daily = steps_after(np.datetime64("2019-12-23", "ns"), "D", 10)
        found, names = calendar_features(daily, "D", "US")
        table = dict(zip(names, found.T, strict=True))
        assert "hour" not in names and "weekday" in names
        assert daily[int(np.argmax(table["holiday"]))] == np.datetime64("2019-12-25")
        assert table["before_holiday"][0] == 1 and table["days_to_holiday"][0] == 1

    def test_holidays_of_a_month_are_counted(self) -> None:
        months = steps_after(np.datetime64("2018-12-01", "ns"), "MS", 12)
        found, names = calendar_features(months, "MS", "DE")
        assert found[:, names.index("holidays")].sum() == 9

    def test_the_decomposition_learns_of_holidays(self) -> None:
        times = steps_after(np.datetime64("2016-12-31", "ns"), "D", 1090)
        shut = holiday_features(times, "D", "US")[:, 0]
        target = 100 - 60 * shut + np.random.default_rng(0).normal(size=len(times))
        one = Series((), times, target, np.empty((1090, 0)), np.empty((1090, 0)))
        panel = Panel((one,), "D", 7, country="US").without_last(10)
        found = ProphetForecaster().fit(panel, 10, Means()).forecast(panel, 10, (np.empty((10, 0)),))[0]
        assert found[times[-10:] == np.datetime64("2019-12-25")] < 70
        assert found[times[-10:] == np.datetime64("2019-12-20")] > 85

    def test_an_unknown_country_is_refused(self) -> None:
        with pytest.raises(InvalidInput, match="No holidays are known"):
            require_country("XX")
