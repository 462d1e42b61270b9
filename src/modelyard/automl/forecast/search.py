"""The flow of a search over series: read, backtest candidates from rolling origins, combine, refit."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from modelyard.automl.forecast import candidates as pool
from modelyard.automl.forecast import metrics
from modelyard.automl.forecast.backtest import Origins, plan_origins, require_history
from modelyard.automl.forecast.calendar import require_country
from modelyard.automl.forecast.charts import forecast_charts
from modelyard.automl.forecast.choice import Chosen, choose
from modelyard.automl.forecast.fitted_forecast import FittedForecast
from modelyard.automl.forecast.intervals import error_quantiles
from modelyard.automl.forecast.lags import chosen_lags, chosen_windows
from modelyard.automl.forecast.panel import Panel
from modelyard.automl.forecast.parts import preloaded
from modelyard.automl.forecast.predictor import Backtests, ForecastPredictor
from modelyard.automl.forecast.refit import refit
from modelyard.automl.forecast.rows import Note
from modelyard.automl.forecast.series import LEAST_TRAINED, Reader, read
from modelyard.automl.forecast.short import handled
from modelyard.automl.forecast.trials import Setting, Trials
from modelyard.automl.outcome.search_record import SearchRecord
from modelyard.automl.plan.budget import Budget
from modelyard.automl.plan.resources import available_cores
from modelyard.automl.plan.settings import Choice, Forecasting, Settings
from modelyard.automl.search.listening import Record
from modelyard.automl.search.workers import Workers
from modelyard.automl.trial import Listener
from modelyard.domain.errors import InvalidInput, Unsupported

MOST_JUDGED = 400
"""Series that candidates are compared on; of more, a random part. All are fitted in the end."""
USUAL_HORIZONS = {"D": 14, "B": 10, "W": 13, "M": 12, "Q": 4, "Y": 3, "h": 24, "m": 24, "s": 60}
"""Steps of `auto` where there is no season, by the first letter of the frequency."""


def fit_forecast(frame: Any, settings: Settings, listener: Listener, *, test: Any = None) -> ForecastPredictor:
    """The best forecaster of the frame (long form: one row a series and a time) within the walls of the settings.

    Raises:
        InvalidInput: the frame or the settings do not fit, found before any training.
        Unsupported: a setting of tables that has no meaning for series.
    """
    started = time.time()
    budget = Budget(settings.limits.timeout_seconds)
    record = Record([listener])
    metric = metrics.metric(settings.metric)
    asked = _checked(settings, record.message)
    reader, whole = read(frame, settings, record.message)
    horizon = asked.horizon or _usual_horizon(whole, record.message)
    if asked.short_series != "pad":
        require_history([len(one) for one in whole.series], horizon)
    panel = handled(whole, asked.short_series, horizon + LEAST_TRAINED, record.message)
    lengths = [len(one) for one in panel.series]
    origins = plan_origins(lengths, horizon, panel.season, settings.validation.folds, asked.cv_step)
    setting = _setting(panel, origins, settings, metric, record.message)
    lag_params = _lag_params(asked, panel)
    candidates = pool.candidates(settings.training, setting.shape, lag_params, record.message)
    record.started(_facts(settings, setting, metric.name, panel, reader, origins))
    with _workers(settings, candidates) as workers:
        trials = Trials(setting, settings, record, workers, budget)
        trials.run(candidates, lag_params)
        chosen = choose(trials)
        members = refit(chosen, trials, panel, horizon)
    model = FittedForecast(
        reader, panel, horizon, members.forecasters, members.combination, _errors(chosen, setting, panel)
    )
    found = _predictor(model, chosen, setting, settings, record, started)
    return found if test is None else _tested(found, test, record.message)


def _checked(settings: Settings, note: Note) -> Forecasting:
    asked = settings.forecasting
    if asked is None:
        raise InvalidInput("A forecast needs the name of its time column.", field="forecasting.time_column_name")
    if asked.horizon is not None and asked.horizon < 1:
        raise InvalidInput("The horizon is at least 1.", field="forecasting.forecast_horizon")
    if settings.validation.cv_split_columns or settings.validation.group_columns:
        raise Unsupported(
            "Forecasts are judged from rolling origins: columns cannot say the folds.", field="validation"
        )
    if asked.use_stl not in ("none", "season", "season_trend", "seasontrend"):
        raise InvalidInput(f"'{asked.use_stl}' is no value of use_stl.", field="forecasting.use_stl")
    if asked.feature_lags not in ("none", "auto"):
        raise InvalidInput(f"'{asked.feature_lags}' is no value of feature_lags.", field="forecasting.feature_lags")
    if asked.unknown_columns and asked.feature_lags == "none":
        note("Columns unknown at the time of the forecast are left aside: feature_lags auto would use their past.")
    if settings.weight_column:
        note("Weights of rows have no meaning in a forecast, and are left aside.")
    if settings.validation.fraction or settings.validation.holdout_fraction:
        note("Fractions of rows held out are left aside: forecasts are judged from rolling origins.")
    if settings.training.stacking and settings.training.stack_meta_learner:
        note("Forecasts are combined by weights and medians; there is no stack with a meta learner.")
    if settings.choice != Choice():
        note("Weights and limits of the selection are left aside: forecasters are chosen by their score alone.")
    if settings.training.explain:
        note("Explanations are of tables; there are none of forecasts in this version.")
    require_country(asked.holidays_country)
    return asked


def _usual_horizon(panel: Panel, note: Note) -> int:
    season, typical = panel.season, int(np.median([len(one) for one in panel.series]))
    wanted = season if season > 1 else USUAL_HORIZONS.get(panel.frequency.lstrip("0123456789")[:1], 10)
    horizon = max(1, min(wanted, typical // 4))
    note(f"Horizon: {horizon} steps.")
    return horizon


def _setting(panel: Panel, origins: Origins, settings: Settings, metric: metrics.ForecastMetric, note: Note) -> Setting:
    places = np.arange(len(panel))
    if len(panel) > MOST_JUDGED:
        places = np.sort(np.random.default_rng(settings.seed).choice(len(panel), MOST_JUDGED, replace=False))
        note(f"Candidates are compared on {MOST_JUDGED} of the {len(panel)} series; the winner learns all.")
    judged = panel.part([int(place) for place in places])
    truth = metrics.truth_of(judged, origins.cuts, origins.horizon, LEAST_TRAINED)
    shape = pool.shape_of(judged, origins.horizon, origins.cuts[0])
    return Setting(judged, tuple(int(place) for place in places), len(panel), origins, truth, metric, shape)


def _lag_params(asked: Forecasting, panel: Panel) -> dict[str, Any]:
    """Settings of the user for regressions on lags; what is not set is theirs to choose."""
    found: dict[str, Any] = {}
    if asked.target_lags is not None:
        found["lags"] = list(chosen_lags(asked, panel))
    if asked.rolling_window is not None:
        found["windows"] = list(chosen_windows(asked, panel))
    if asked.feature_lags == "auto" and panel.past_names:
        found["past"] = True
    if asked.use_stl != "none":
        found["stl"] = asked.use_stl.replace("seasontrend", "season_trend")
    return found


def _workers(settings: Settings, candidates: Sequence[pool.Candidate]) -> Workers:
    limits = settings.limits
    threads, trials = limits.threads_per_trial, limits.max_concurrent_trials or 1
    # A trial runs in pieces of one thread each, so its threads are workers.
    cores = available_cores()
    count = cores if threads is None else max(1, min(threads * trials, cores))
    memory = None if limits.memory_bytes is None else limits.memory_bytes // count
    return Workers(count, memory, preload=preloaded(candidates))


def _facts(
    settings: Settings, setting: Setting, metric: str, panel: Panel, reader: Reader, origins: Origins
) -> dict[str, Any]:
    return {
        "task": "forecasting",
        "metric": metric,
        "series": len(panel),
        "points": sum(len(one) for one in panel.series),
        "frequency": reader.frequency,
        "season": reader.season,
        "horizon": origins.horizon,
        "known_columns": list(reader.known.names),
        "past_columns": list(reader.past.names),
        "validation": _validation(setting),
        "walls": asdict(settings.limits),
    }


def _validation(setting: Setting) -> dict[str, Any]:
    return {
        "scheme": "rolling origin",
        "folds": len(setting.origins.cuts),
        "held_back": list(setting.origins.cuts),
        "horizon": setting.origins.horizon,
        "series": len(setting.judged),
    }


def _errors(chosen: Chosen, setting: Setting, panel: Panel) -> Any:
    """Of the winner's backtests; series that were not judged take the spread of all, in their own range."""
    found = error_quantiles(setting.truth, chosen.forecasts)
    if len(setting.judged) == len(panel):
        return found
    typical = float(np.median(found.scales / setting.truth.ranges))
    scales = np.array([typical * (float(np.ptp(one.target)) or 1.0) for one in panel.series])
    scales[list(setting.places)] = found.scales
    return replace(found, scales=scales)


def _predictor(
    model: FittedForecast, chosen: Chosen, setting: Setting, settings: Settings, record: Record, started: float
) -> ForecastPredictor:
    found = SearchRecord(
        target=settings.target,
        metric=setting.metric.name,
        trials=tuple(record.trials),
        winner=chosen.number,
        settings=asdict(settings),
        validation=_validation(setting),
        metrics={"validation": chosen.metrics, "holdout": chosen.honest},
        data={"rows": sum(len(one) for one in model.panel.series), "series": len(model.panel)},
        features=_features(model),
        charts={"validation": _charts(model, chosen, setting)},
        started_at=started,
        ended_at=time.time(),
        messages=tuple(record.messages),
    )
    backtests = Backtests(setting.origins.cuts, setting.places, chosen.forecasts)
    quantiles = settings.forecasting.quantiles if settings.forecasting else ()
    return ForecastPredictor(model, found, backtests, tuple(quantiles))


def _features(model: FittedForecast) -> dict[str, Any]:
    """How the series were read and what the members look at, with the hash of it."""
    reading = {key: value for key, value in model.reader.to_json().items() if key != "target"}
    told = {"reader": reading, "members": [{"name": m.name, "params": dict(m.params)} for m in model.members]}
    text = json.dumps(told, sort_keys=True, default=str)
    return {**told, "hash": hashlib.sha256(text.encode()).hexdigest()}


def _charts(model: FittedForecast, chosen: Chosen, setting: Setting) -> dict[str, Any]:
    errors = replace(model.errors, scales=model.errors.scales[list(setting.places)])
    return forecast_charts(setting.judged, setting.origins.cuts, setting.truth, chosen.forecasts, errors)


def _tested(found: ForecastPredictor, test: Any, note: Note) -> ForecastPredictor:
    scores = found.score(test)
    note(f"On the test data: {found.record.metric} {scores.get(found.record.metric, float('nan')):.5g}.")
    record = replace(found.record, metrics={**found.record.metrics, "test": scores})
    return ForecastPredictor(found.model, record, found.backtests, found.default_quantiles)
