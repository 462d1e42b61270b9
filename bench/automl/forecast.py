"""How good and quick our forecasts are beside statsforecast's models, on the same series and cores.

`python bench/automl/forecast.py [--data FOLDER ...] [--budget 60] [--cores 2] [--skip AutoARIMA ...] [--autogluon]`

A folder has `train.parquet` and `test.parquet` (columns `unique_id`, `ds`, `y` and known covariates) and `meta.json`
(`horizon`, `season`, `freq`). Without `--data` three small sets are made: monthly, daily and intermittent. The test
rows are seen by no method; "best single" is chosen with hindsight among statsforecast's models, on the test rows, one
for MASE and one for sMAPE. MASE is taken per series with the seasonal difference of its training rows, then averaged;
sMAPE runs to 200. Seconds are wall time, the start of processes and imports of ours included, of statsforecast's not.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("NIXTLA_NUMBA_CACHE", "1")

import numpy as np
import pandas as pd

from modelyard.automl import fit
from modelyard.automl.forecast.frequency import steps_after
from modelyard.automl.forecast.metrics import Truth, all_metrics, seasonal_scale

KEYS = ["unique_id", "ds"]
Forecast = Callable[[], pd.DataFrame]


@dataclass(frozen=True)
class SeriesSet:
    name: str
    train: pd.DataFrame
    test: pd.DataFrame
    horizon: int
    season: int
    frequency: str

    @property
    def future(self) -> pd.DataFrame:
        return self.test.drop(columns="y")

    def scores(self, forecast: pd.DataFrame) -> dict[str, float]:
        """`forecast`: a row a series and step, with the column `forecast`."""
        joined = self.test.merge(forecast, on=KEYS, how="left").sort_values(KEYS)
        assert joined["forecast"].notna().all(), "a forecast is missing"
        actual, told, scales, ranges = [], [], [], []
        histories = dict(iter(self.train.sort_values(KEYS).groupby("unique_id")["y"]))
        for name, rows in joined.groupby("unique_id"):
            history = histories[name].to_numpy(float)
            scales.append(seasonal_scale(history, self.season))
            ranges.append(float(np.ptp(history)) or 1.0)
            for values, column in ((actual, "y"), (told, "forecast")):
                values.append(
                    np.pad(rows[column].to_numpy(float), (0, self.horizon - len(rows)), constant_values=np.nan)
                )
        truth = Truth(np.array([actual]), np.array(ranges), np.array([scales]))
        return all_metrics(truth, np.array([told]))


def read_set(folder: Path) -> SeriesSet:
    meta = json.loads((folder / "meta.json").read_text())
    train, test = (pd.read_parquet(folder / f"{part}.parquet") for part in ("train", "test"))
    return SeriesSet(folder.name, train, test, meta["horizon"], meta["season"], meta["freq"])


def made_sets() -> list[SeriesSet]:
    return [made("made_monthly", "MS", 12, 12, 20, 96), made("made_daily", "D", 14, 7, 10, 200), intermittent()]


def made(name: str, frequency: str, horizon: int, season: int, count: int, points: int) -> SeriesSet:
    draw = np.random.default_rng(0)
    times = steps_after(np.datetime64("2015-01-01", "ns"), frequency, points + horizon)
    parts = []
    for number in range(count):
        trend = np.cumsum(draw.normal(scale=1.0, size=len(times)) + 0.2)
        wave = 10 * draw.uniform(0.5, 2) * np.sin(2 * np.pi * (np.arange(len(times)) + number) / season)
        level = draw.uniform(50, 500)
        values = level + trend + wave + draw.normal(scale=3, size=len(times))
        parts.append(pd.DataFrame({"unique_id": f"{number:03d}", "ds": times, "y": values}))
    return _cut(name, pd.concat(parts, ignore_index=True), horizon, season, frequency)


def intermittent() -> SeriesSet:
    draw = np.random.default_rng(1)
    times = steps_after(np.datetime64("2020-01-01", "ns"), "D", 174)
    parts = [
        pd.DataFrame({"unique_id": f"{n:03d}", "ds": times, "y": draw.poisson(draw.uniform(0.2, 2), 174).astype(float)})
        for n in range(15)
    ]
    return _cut("made_intermittent", pd.concat(parts, ignore_index=True), 14, 7, "D")


def _cut(name: str, frame: pd.DataFrame, horizon: int, season: int, frequency: str) -> SeriesSet:
    left = frame.groupby("unique_id").cumcount(ascending=False)
    return SeriesSet(name, frame[left >= horizon], frame[left < horizon], horizon, season, frequency)


def singles(one: SeriesSet, cores: int) -> dict[str, Forecast]:
    from statsforecast import StatsForecast
    from statsforecast import models as library

    season = one.season
    kinds = {
        "SeasonalNaive": library.SeasonalNaive(season),
        "AutoETS": library.AutoETS(season_length=season if season <= 24 else 1),
        "Theta": library.DynamicOptimizedTheta(season_length=season),
        "AutoARIMA": library.AutoARIMA(season_length=season if season <= 24 else 1),
        "AutoCES": library.AutoCES(season_length=season if season <= 24 else 1),
    }

    def run(model: Any) -> pd.DataFrame:
        frame = one.train[["unique_id", "ds", "y"]]
        found = StatsForecast([model], freq=one.frequency, n_jobs=cores).forecast(df=frame, h=one.horizon)
        return found.rename(columns={str(model): "forecast"})[[*KEYS, "forecast"]]

    return {name: lambda model=model: run(model) for name, model in kinds.items()}


def ours(one: SeriesSet, budget: float, cores: int) -> pd.DataFrame:
    predictor = fit(
        one.train,
        target="y",
        task="forecasting",
        time_column_name="ds",
        time_series_id_column_names=["unique_id"],
        forecast_horizon=one.horizon,
        frequency=one.frequency,
        primary_metric="mase",
        timeout_seconds=budget,
        threads_per_trial=cores,
        progress="none",
    )
    best = predictor.leaderboard().set_index("number")["algorithm"][predictor.record.winner]
    members = ", ".join(member.name for member in predictor.model.members)
    print(f"  {budget:g} s: {best} of {members}; {len(predictor.trials)} trials")
    return predictor.forecast(one.future)[[*KEYS, "forecast"]]


def autogluon(one: SeriesSet, budget: float) -> pd.DataFrame:
    from autogluon.timeseries import TimeSeriesDataFrame, TimeSeriesPredictor

    frame = TimeSeriesDataFrame.from_data_frame(one.train, id_column="unique_id", timestamp_column="ds")
    known = [name for name in one.train.columns if name not in (*KEYS, "y")]
    predictor = TimeSeriesPredictor(
        one.horizon, target="y", eval_metric="MASE", freq=one.frequency, known_covariates_names=known, verbosity=0
    ).fit(frame, time_limit=budget, presets="medium_quality")
    future = TimeSeriesDataFrame.from_data_frame(one.future, id_column="unique_id", timestamp_column="ds")
    found = predictor.predict(frame, known_covariates=future if known else None)["mean"].reset_index()
    return found.set_axis([*KEYS, "forecast"], axis=1)


def measure(one: SeriesSet, arguments: argparse.Namespace) -> list[dict[str, Any]]:
    methods: dict[str, Forecast] = {
        name: run for name, run in singles(one, arguments.cores).items() if name not in arguments.skip
    }
    found: dict[str, pd.DataFrame] = {}
    rows = []
    for name, run in methods.items():
        rows.append(_timed(one, name, run, found))
    rows.append(_best(rows))
    if {"AutoETS", "Theta"} <= found.keys():
        pair = found["AutoETS"].merge(found["Theta"], on=KEYS)
        pair["forecast"] = (pair["forecast_x"] + pair["forecast_y"]) / 2
        seconds = sum(row["seconds"] for row in rows if row["method"] in ("AutoETS", "Theta"))
        rows.append({"method": "AutoETS+Theta", "seconds": seconds, **one.scores(pair[[*KEYS, "forecast"]])})
    for budget in arguments.budget:
        rows.append(_timed(one, f"ours {budget:g} s", lambda b=budget: ours(one, b, arguments.cores), found))
        if arguments.autogluon and importlib.util.find_spec("autogluon.timeseries"):
            rows.append(_timed(one, f"autogluon {budget:g} s", lambda b=budget: autogluon(one, b), found))
    return rows


def _timed(one: SeriesSet, name: str, run: Forecast, found: dict[str, pd.DataFrame]) -> dict[str, Any]:
    begun = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found[name] = run()
    return {"method": name, "seconds": time.perf_counter() - begun, **one.scores(found[name])}


def _best(rows: list[dict[str, Any]]) -> dict[str, Any]:
    named = {metric: min(rows, key=lambda row: row[metric]) for metric in ("mase", "smape")}
    label = "/".join(dict.fromkeys(row["method"] for row in named.values()))
    return {
        "method": f"best single ({label})",
        "seconds": sum(row["seconds"] for row in rows),
        **{metric: row[metric] for metric, row in named.items()},
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", nargs="*", type=Path, default=[])
    parser.add_argument("--budget", nargs="*", type=float, default=None)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--skip", nargs="*", default=[])
    parser.add_argument("--autogluon", action="store_true", help="beside AutoGluon-TimeSeries, where it is installed")
    arguments = parser.parse_args()
    arguments.budget = arguments.budget or ([60.0] if arguments.data else [20.0])
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: arguments.cores])
    for one in [read_set(folder) for folder in arguments.data] or made_sets():
        print(f"\n# {one.name}: {one.train['unique_id'].nunique()} series, horizon {one.horizon}, season {one.season}")
        for row in measure(one, arguments):
            print(f"  {row['method']:<40}{row['mase']:>9.4f}{row['smape']:>9.3f}{row['seconds']:>9.1f} s")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
