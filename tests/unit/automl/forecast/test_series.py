from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.unit.automl.forecast.frames import asked, monthly

from modelyard.automl.forecast.series import Reader, read
from modelyard.automl.forecast.short import handled
from modelyard.automl.plan.settings import Featurization
from modelyard.domain.errors import InvalidInput


def test_a_clean_frame_is_read_as_it_is() -> None:
    said: list[str] = []
    reader, panel = read(monthly(), asked(), said.append)
    assert [one.key for one in panel.series] == [("s0",), ("s1",), ("s2",)]
    assert (panel.frequency, panel.season, [len(one) for one in panel.series]) == ("MS", 12, [48, 48, 48])
    assert Reader.from_json(reader.to_json()) == reader
    assert said == ["Frequency: MS.", "Season: 12 points."]


def test_rows_out_of_order_are_sorted_and_said() -> None:
    said: list[str] = []
    frame = monthly()
    _, shuffled = read(frame.sample(frac=1, random_state=1), asked(), said.append)
    _, panel = read(frame, asked(), lambda text: None)
    assert "not in order" in said[0]
    for one, other in zip(shuffled.series, panel.series, strict=True):
        np.testing.assert_array_equal(one.target, other.target)


def test_a_time_twice_in_a_series_is_refused_with_its_name() -> None:
    frame = monthly()
    again = frame.iloc[[50]].assign(sales=1.0)
    with pytest.raises(InvalidInput, match=r"Series s1 has the time 2015-03-01.* more than once"):
        read(pd.concat([frame, again]), asked(), lambda text: None)


def test_a_row_that_is_there_twice_counts_once() -> None:
    said: list[str] = []
    frame = monthly()
    _, panel = read(pd.concat([frame, frame.iloc[:4]]), asked(), said.append)
    assert len(panel.series[0]) == 48
    assert any("repeat another" in line for line in said)


def test_gaps_and_missing_targets_are_filled_by_a_line_and_said() -> None:
    said: list[str] = []
    frame = monthly(1).drop(index=[10, 11])
    frame.loc[20, "sales"] = np.nan
    frame.loc[47, "sales"] = np.nan
    _, panel = read(frame, asked(), said.append)
    one = panel.series[0]
    assert len(one) == 47 and np.isfinite(one.target).all()
    assert one.target[10] == pytest.approx(one.target[9] + (one.target[12] - one.target[9]) / 3)
    assert any(line.startswith("2 missing steps") for line in said)
    assert any(line.startswith("2 missing targets") for line in said)


def test_rows_are_aggregated_to_a_coarser_frequency() -> None:
    _, panel = read(monthly(2, 24), asked(frequency="QS", aggregate="sum"), lambda text: None)
    assert (panel.frequency, len(panel.series[0])) == ("QS-OCT" if panel.frequency == "QS-OCT" else "QS-JAN", 8)
    assert panel.series[0].target[0] == pytest.approx(monthly(2, 24)["sales"][:3].sum())


def test_a_coarser_frequency_without_a_function_is_refused() -> None:
    with pytest.raises(InvalidInput, match="fall on one step") as caught:
        read(monthly(), asked(frequency="QS"), lambda text: None)
    assert "target_aggregate_function" in str(caught.value.mend)


def test_a_function_without_a_frequency_is_refused() -> None:
    with pytest.raises(InvalidInput, match="needs a frequency"):
        read(monthly(), asked(aggregate="sum"), lambda text: None)


def test_uneven_times_have_no_frequency() -> None:
    draw = np.random.default_rng(0)
    times = pd.Timestamp("2020-01-01") + pd.to_timedelta(np.cumsum(draw.integers(1, 10**6, 40)), unit="s")
    with pytest.raises(InvalidInput, match="no frequency"):
        read(pd.DataFrame({"t": times, "y": range(40)}), asked("y", "t", ()), lambda text: None)


@pytest.mark.parametrize(
    ("alias", "season"),
    [("D", 7), ("h", 24), ("QS-JAN", 4), ("W-SUN", 52), ("15min", 96), ("B", 5), ("ME", 12)],
)
def test_frequency_and_season_are_told_from_the_data(alias: str, season: int) -> None:
    times = pd.date_range("2020-01-05", periods=6 * season, freq=alias)
    place = np.arange(len(times))
    wave = np.sin(2 * np.pi * place / season) * 10 + np.random.default_rng(0).normal(size=len(times))
    _, panel = read(pd.DataFrame({"t": times, "y": wave}), asked("y", "t", ()), lambda text: None)
    assert (panel.frequency, panel.season) == (alias, season)


def test_noise_has_no_season() -> None:
    times = pd.date_range("2010-01-01", periods=120, freq="MS")
    noise = np.random.default_rng(3).normal(size=120)
    _, panel = read(pd.DataFrame({"t": times, "y": noise}), asked("y", "t", ()), lambda text: None)
    assert panel.season == 1


def test_gaps_do_not_hide_the_frequency() -> None:
    frame = monthly(2, 60)
    frame = frame[np.random.default_rng(1).random(len(frame)) > 0.15]
    _, panel = read(frame, asked(), lambda text: None)
    assert panel.frequency == "MS"


def test_years_and_texts_are_times() -> None:
    frame = pd.DataFrame({"year": range(1960, 2000), "y": np.arange(40.0)})
    _, panel = read(frame, asked("y", "year", ()), lambda text: None)
    assert panel.frequency.startswith("YS")
    texts = monthly(1).assign(month=lambda table: table["month"].dt.strftime("%Y-%m-%d"))
    assert read(texts, asked(), lambda text: None)[1].frequency == "MS"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sales": ["a"] * 144}, "no numbers"),
        ({"month": ["no date"] * 144}, "no times"),
        ({"month": np.arange(144) / 7}, "no years"),
        ({"sales": [np.nan] * 144}, "No series has a target"),
    ],
)
def test_columns_of_the_wrong_kind_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        read(monthly().assign(**change), asked(), lambda text: None)


@pytest.mark.parametrize("missing", ["sales", "month", "store"])
def test_a_missing_column_is_named(missing: str) -> None:
    with pytest.raises(InvalidInput, match=f"no column '{missing}'"):
        read(monthly().drop(columns=missing), asked(), lambda text: None)


def test_an_empty_frame_is_refused() -> None:
    with pytest.raises(InvalidInput, match="empty"):
        read(monthly().iloc[:0], asked(), lambda text: None)


def test_infinite_targets_count_as_missing() -> None:
    said: list[str] = []
    frame = monthly(1)
    frame.loc[5, "sales"] = np.inf
    _, panel = read(frame, asked(), said.append)
    assert np.isfinite(panel.series[0].target).all()
    assert "infinite" in said[0]


def test_zones_become_utc() -> None:
    frame = monthly(1).assign(month=lambda table: table["month"].dt.tz_localize("UTC"))
    assert read(frame, asked(), lambda text: None)[1].series[0].times[0] == np.datetime64("2015-01-01")


def test_other_columns_become_features() -> None:
    frame = monthly().assign(
        price=lambda table: np.arange(len(table), dtype=float),
        promo=lambda table: np.where(np.arange(len(table)) % 3 == 0, "yes", "no"),
        region=lambda table: table["store"].map({"s0": 1.0, "s1": 2.0, "s2": 3.0}),
        weather=lambda table: np.arange(len(table), dtype=float),
        constant=1,
    )
    said: list[str] = []
    reader, panel = read(frame, asked(unknown_columns=("weather",)), said.append)
    assert panel.known_names == ("price", "promo=no", "promo=yes", "region")
    assert panel.past_names == ("weather",)
    assert reader.known.static().tolist() == [False, False, False, True]
    assert any("'constant' is left out" in line for line in said)
    dropped = Featurization(drop_columns=("price",), column_purposes={"promo": "Ignore"})
    assert read(frame, asked(featurization=dropped), lambda text: None)[1].known_names == ("region", "weather")


def test_an_unknown_column_must_exist() -> None:
    with pytest.raises(InvalidInput, match="no column 'rain'"):
        read(monthly(), asked(unknown_columns=("rain",)), lambda text: None)


class TestShortSeries:
    def frame(self) -> pd.DataFrame:
        frame = monthly()
        return frame[(frame["store"] != "s1") | (frame["month"] >= "2018-09-01")]

    def test_auto_drops_the_short_ones(self) -> None:
        said: list[str] = []
        _, panel = read(self.frame(), asked(), said.append)
        found = handled(panel, "auto", 9, said.append)
        assert [one.key for one in found.series] == [("s0",), ("s2",)]
        assert "1 series of fewer than 9 points are dropped" in said[-1]

    def test_pad_repeats_the_first_value(self) -> None:
        _, panel = read(self.frame(), asked(), lambda text: None)
        found = handled(panel, "pad", 9, lambda text: None).series[1]
        assert len(found) == 9
        assert (found.target[:6] == found.target[5]).all()
        assert np.all(np.diff(found.times.astype("datetime64[M]").astype(int)) == 1)

    def test_auto_pads_where_all_are_short(self) -> None:
        _, panel = read(monthly(2, 6), asked(), lambda text: None)
        assert [len(one) for one in handled(panel, "auto", 9, lambda text: None).series] == [9, 9]

    def test_drop_of_all_is_refused(self) -> None:
        _, panel = read(monthly(2, 6), asked(), lambda text: None)
        with pytest.raises(InvalidInput, match="Every series is shorter"):
            handled(panel, "drop", 9, lambda text: None)

    def test_none_leaves_them(self) -> None:
        _, panel = read(self.frame(), asked(), lambda text: None)
        assert handled(panel, "none", 9, lambda text: None) is panel
