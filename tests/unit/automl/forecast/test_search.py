"""The whole flow, in seconds: workers, walls, choice, refit, predictor."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import warnings
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.unit.automl.forecast.frames import asked, monthly

from modelyard.automl.forecast.predictor import ForecastPredictor
from modelyard.automl.forecast.search import fit_forecast
from modelyard.automl.outcome.charts.pictures import draw
from modelyard.automl.plan.settings import Limits, Settings, Training, Validation
from modelyard.automl.trial import TrialResult, TrialStatus
from modelyard.domain.errors import InvalidInput, Unsupported

QUICK = ("SeasonalNaive", "Naive", "Prophet")
"""None needs an import of seconds."""


class Heard:
    def __init__(self) -> None:
        self.facts: Mapping[str, Any] = {}
        self.begun: list[int] = []
        self.ended: list[TrialResult] = []
        self.lines: list[str] = []

    def started(self, facts: Mapping[str, Any]) -> None:
        self.facts = facts

    def trial_started(self, number: int, algorithm: str, params: Mapping[str, Any]) -> None:
        self.begun.append(number)

    def trial_ended(self, result: TrialResult) -> None:
        self.ended.append(result)

    def message(self, text: str) -> None:
        self.lines.append(text)


def quick(settings: Settings, seconds: float = 30.0, allowed: tuple[str, ...] = QUICK, **limits: Any) -> Settings:
    return replace(
        settings,
        limits=Limits(timeout_seconds=seconds, **limits),
        training=Training(allowed=allowed),
    )


@pytest.fixture(scope="module")
def priced() -> pd.DataFrame:
    frame = monthly(3, 60)
    price = np.random.default_rng(5).normal(size=len(frame))
    return frame.assign(price=price, sales=frame["sales"] + 3 * price)


@pytest.fixture(scope="module")
def heard() -> Heard:
    return Heard()


@pytest.fixture(scope="module")
def predictor(priced: pd.DataFrame, heard: Heard) -> ForecastPredictor:
    past = priced[priced["month"] < "2019-07-01"]
    settings = quick(asked(horizon=6), allowed=("SeasonalNaive", "Average", "Prophet", "LightGBM"), max_trials=4)
    test = priced[priced["month"] >= "2019-07-01"]
    return fit_forecast(past, replace(settings, metric="mase"), heard, test=test)


def future(priced: pd.DataFrame) -> pd.DataFrame:
    return priced[priced["month"] >= "2019-07-01"].drop(columns="sales")


def test_the_winner_is_good_and_its_trials_are_told(predictor: ForecastPredictor, heard: Heard) -> None:
    assert {one.algorithm for one in heard.ended} >= {"SeasonalNaive", "Prophet", "LightGBM"}
    assert sorted(heard.begun) == sorted(one.number for one in heard.ended)
    assert heard.facts["horizon"] == 6 and heard.facts["validation"]["folds"] >= 2
    best = predictor.leaderboard()
    assert best["score"].is_monotonic_increasing and best["winner"].sum() == 1
    assert predictor.record.metrics["test"]["mase"] < 0.5
    assert predictor.record.metrics["holdout"]["mase"] > 0
    prophet = next(one for one in heard.ended if one.algorithm == "Prophet")
    naive = next(one for one in heard.ended if one.algorithm == "SeasonalNaive")
    assert prophet.score is not None and naive.score is not None and prophet.score < naive.score
    assert len(prophet.fold_scores) == heard.facts["validation"]["folds"]


def test_forecasts_have_a_row_a_series_and_step(predictor: ForecastPredictor, priced: pd.DataFrame) -> None:
    found = predictor.forecast(future(priced), quantiles=[0.9, 0.1, 0.5])
    assert list(found.columns) == ["store", "month", "forecast", "0.1", "0.5", "0.9"]
    assert len(found) == 18 and found["month"].min() == pd.Timestamp("2019-07-01")
    assert (found["0.1"] <= found["0.5"]).all() and (found["0.5"] <= found["0.9"]).all()
    actual = priced[priced["month"] >= "2019-07-01"]["sales"].to_numpy()
    assert np.abs(found["forecast"].to_numpy() - actual).mean() < 8
    shuffled = future(priced).sample(frac=1, random_state=2)
    expected = found.set_index(["store", "month"])["forecast"]
    np.testing.assert_allclose(
        predictor.predict(shuffled), expected.loc[list(zip(shuffled["store"], shuffled["month"], strict=True))]
    )


def test_known_columns_are_needed_and_named(predictor: ForecastPredictor, priced: pd.DataFrame) -> None:
    with pytest.raises(InvalidInput, match="future of price is needed"):
        predictor.forecast()
    with pytest.raises(InvalidInput, match=r"missing at 2019-12-01.* of s2 \(1 steps"):
        predictor.forecast(future(priced).iloc[:-1], horizon=6)
    with pytest.raises(InvalidInput, match="no column 'price'"):
        predictor.forecast(future(priced).drop(columns="price"))
    with pytest.raises(InvalidInput, match="1 series have no history here: s9"):
        predictor.forecast(future(priced).assign(store="s9"))
    with pytest.raises(InvalidInput, match="Quantiles lie between"):
        predictor.forecast(future(priced), quantiles=[50])


def test_predict_refuses_the_past(predictor: ForecastPredictor, priced: pd.DataFrame) -> None:
    with pytest.raises(InvalidInput, match="not after the end of the history"):
        predictor.predict(priced)


def test_rows_of_some_series_are_enough_for_predict(predictor: ForecastPredictor, priced: pd.DataFrame) -> None:
    rows = future(priced)
    some = rows[rows["store"] == "s1"].iloc[:3]
    expected = predictor.forecast(rows).query("store == 's1'")["forecast"].iloc[:3]
    np.testing.assert_allclose(predictor.predict(some), expected)


def test_saved_and_loaded_it_forecasts_the_same(
    predictor: ForecastPredictor, priced: pd.DataFrame, tmp_path: Path
) -> None:
    again = ForecastPredictor.load(predictor.save(tmp_path / "model"))
    pd.testing.assert_frame_equal(again.forecast(future(priced)), predictor.forecast(future(priced)))
    assert again.leaderboard()["algorithm"].tolist() == predictor.leaderboard()["algorithm"].tolist()
    pd.testing.assert_frame_equal(again.backtest(), predictor.backtest())


def test_backtests_stand_beside_what_came(predictor: ForecastPredictor, priced: pd.DataFrame) -> None:
    found = predictor.backtest()
    truth = priced.set_index(["store", "month"])["sales"]
    np.testing.assert_allclose(found["sales"], truth.loc[list(zip(found["store"], found["month"], strict=True))])
    assert (found["origin"] < found["month"]).all()
    inside = (found["sales"] >= found["0.1"]) & (found["sales"] <= found["0.9"])
    assert 0.6 < inside.mean() < 0.97


def test_the_script_trains_the_winner_again(predictor: ForecastPredictor, priced: pd.DataFrame, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(predictor.script())
    priced[priced["month"] < "2019-07-01"].to_csv(tmp_path / "history.csv", index=False)
    future(priced).to_csv(tmp_path / "future.csv", index=False)
    places = [str(tmp_path / name) for name in ("history.csv", "forecast.csv", "future.csv")]
    subprocess.run([sys.executable, str(tmp_path / "train.py"), *places], check=True, capture_output=True)
    found = pd.read_csv(tmp_path / "forecast.csv")
    np.testing.assert_allclose(found["forecast"], predictor.forecast(future(priced))["forecast"], rtol=1e-3)


def test_charts_are_drawn(predictor: ForecastPredictor) -> None:
    charts = predictor.record.charts["validation"]
    assert set(charts) == {"forecast", "predicted_true", "residuals"}
    assert all(draw(chart).startswith(b"\x89PNG") for chart in charts.values())
    json.dumps(charts)


def test_as_an_mlflow_model_it_forecasts_the_same(
    predictor: ForecastPredictor, priced: pd.DataFrame, tmp_path: Path
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import mlflow.pyfunc

        loaded = mlflow.pyfunc.load_model(str(predictor.export_mlflow(tmp_path / "model")))
        np.testing.assert_allclose(loaded.predict(future(priced)), predictor.predict(future(priced)))
    with pytest.raises(InvalidInput, match="not empty"):
        predictor.export_mlflow(tmp_path / "model")


def test_nothing_later_is_no_update(predictor: ForecastPredictor, priced: pd.DataFrame) -> None:
    with pytest.raises(InvalidInput, match="No row is later"):
        predictor.update(priced[priced["month"] < "2019-01-01"])


def test_later_observations_move_the_forecast(predictor: ForecastPredictor, priced: pd.DataFrame) -> None:
    later = priced[priced["month"].between("2019-07-01", "2019-08-01")]
    moved = predictor.update(later)
    rest = future(priced)[lambda table: table["month"] > "2019-08-01"]
    found = moved.forecast(rest)
    assert found["month"].min() == pd.Timestamp("2019-09-01") and len(found) == 12
    assert predictor.forecast(future(priced))["month"].min() == pd.Timestamp("2019-07-01"), "the old one stays"


def test_a_gap_before_what_came_later_is_filled(predictor: ForecastPredictor, priced: pd.DataFrame) -> None:
    moved = predictor.update(priced[priced["month"] == "2019-09-01"])
    assert [len(one) for one in moved.model.panel.series] == [57, 57, 57]
    assert np.isfinite(moved.model.panel.series[0].target).all()


def test_the_budget_is_a_wall_and_there_is_always_an_answer() -> None:
    settings = quick(asked(horizon=3), seconds=0.5, allowed=("AutoArima", "ETS"))
    begun = time.monotonic()
    found = fit_forecast(monthly(20, 60), settings, Heard())
    assert time.monotonic() - begun < 3, "half a second, and what a busy machine adds"
    assert found.forecast().notna().all().all()
    assert len(found.forecast()) == 60


def test_one_failing_candidate_costs_only_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = Heard()
    frame = monthly(2, 30).assign(sales=lambda table: table["sales"].where(table["month"] < "2016-06-01", 5.0))
    found = fit_forecast(frame, quick(asked(horizon=3), allowed=("Prophet", "SeasonalNaive", "Naive")), heard)
    assert found.forecast().notna().all().all()
    assert any(one.status is TrialStatus.COMPLETED for one in heard.ended)


def test_max_trials_and_exit_score_end_the_search() -> None:
    heard = Heard()
    fit_forecast(monthly(2, 40), quick(asked(horizon=3), allowed=("Naive", "Prophet"), max_trials=1), heard)
    assert [one.algorithm for one in heard.ended] == ["Naive"]
    heard = Heard()
    settings = replace(quick(asked(horizon=3), exit_score=1000.0), metric="smape")
    fit_forecast(monthly(2, 40), settings, heard)
    assert any("score to exit at" in line for line in heard.lines)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"forecasting": None}, InvalidInput, "time column"),
        ({"metric": "accuracy"}, InvalidInput, "no metric of forecasting"),
        ({"training": Training(allowed=("TCNForecaster",))}, Unsupported, "TCNForecaster"),
        ({"training": Training(allowed=("Oracle",))}, InvalidInput, "No forecaster is called 'Oracle'"),
        ({"training": Training(allowed=("Croston",))}, InvalidInput, "No forecaster is left"),
        ({"validation": Validation(group_columns=("store",))}, Unsupported, "rolling origins"),
        ({"validation": Validation(folds=20)}, InvalidInput, "20 backtests"),
    ],
)
def test_settings_that_do_not_fit_are_refused_before_training(
    change: dict[str, Any], error: type[Exception], message: str
) -> None:
    heard = Heard()
    with pytest.raises(error, match=message):
        fit_forecast(monthly(), replace(asked(horizon=12), **change), heard)
    assert not heard.begun


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"horizon": 0}, "at least 1"),
        ({"horizon": 60}, "shorter"),
        ({"use_stl": "all"}, "use_stl"),
        ({"feature_lags": "some"}, "feature_lags"),
        ({"holidays_country": "XX"}, "No holidays"),
        ({"short_series": "keep"}, "short series"),
        ({"frequency": "fortnight"}, "no frequency"),
    ],
)
def test_settings_of_series_are_checked(more: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        fit_forecast(monthly(), asked(**more), Heard())


def test_every_setting_of_series_is_taken() -> None:
    heard = Heard()
    frame = monthly(3, 60).assign(weather=np.arange(180.0))
    settings = quick(
        asked(
            horizon=4,
            frequency="MS",
            target_lags=(1, 12),
            rolling_window=4,
            seasonality=12,
            feature_lags="auto",
            use_stl="season_trend",
            short_series="pad",
            unknown_columns=("weather",),
            holidays_country="US",
            cv_step=2,
        ),
        allowed=("LightGBM",),
        max_trials=1,
    )
    found = fit_forecast(frame, replace(settings, validation=Validation(folds=2)), heard)
    assert heard.facts["validation"]["held_back"] == [6, 4]
    plan = found.model.members[0].state()["plan"]  # type: ignore[index]
    assert (plan["lags"], plan["windows"], plan["past"], plan["stl"]) == ((1, 12), (4,), True, "season_trend")
    assert len(found.forecast(horizon=6)) == 18
