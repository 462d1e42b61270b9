"""What a forecasting search returns."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np

from modelyard.automl.forecast import metrics
from modelyard.automl.forecast.fitted_forecast import FittedForecast
from modelyard.automl.forecast.frequency import steps_after
from modelyard.automl.forecast.future import known_future, places_of
from modelyard.automl.forecast.panel import Panel, Series
from modelyard.automl.forecast.script import script_of
from modelyard.automl.forecast.series import filled
from modelyard.automl.outcome import saved
from modelyard.automl.outcome.search_record import SearchRecord
from modelyard.automl.outcome.served_model import FORMAT, VERSION
from modelyard.automl.outcome.state_archive import pack, unpack
from modelyard.automl.task import Task
from modelyard.automl.trial import TrialResult, TrialStatus
from modelyard.domain.errors import InvalidInput
from modelyard.domain.extras import LazyModule
from modelyard.kit.deferred import deferred

pandas = LazyModule("pandas", extra="automl", what="Forecasting")
mlflow_form = deferred("modelyard.automl.forecast.mlflow_form")

_SEARCH = "search.json"
FARTHEST_STEPS = 20
"""Horizons of the fit that a forecast may reach."""


@dataclass(frozen=True)
class Backtests:
    """What the winner forecast from past origins, for charts and for a second look."""

    cuts: tuple[int, ...]
    series: tuple[int, ...]
    """Places in the panel of those that were judged."""
    forecasts: np.ndarray
    """(windows, series, horizon)."""


class ForecastPredictor:
    """Forecasts the series that it was fitted to. Saved without pickles; one thread uses it at a time."""

    def __init__(
        self, model: FittedForecast, record: SearchRecord, backtests: Backtests, quantiles: tuple[float, ...]
    ) -> None:
        self.model = model
        self.record = record
        self.backtests = backtests
        self.default_quantiles = quantiles

    task = Task.FORECASTING
    classes: tuple[str, ...] = ()

    @property
    def target(self) -> str:
        return self.record.target

    @property
    def horizon(self) -> int:
        return self.model.horizon

    @property
    def trials(self) -> tuple[TrialResult, ...]:
        return self.record.trials

    def forecast(self, future: Any = None, horizon: int | None = None, quantiles: Sequence[float] | None = None) -> Any:
        """A frame of the series columns, the time column, `forecast` and one column a quantile (`0.1`, `0.9`).

        `future` holds the known columns of the steps to come, needed where the fit had such columns; its steps are the
        horizon where none is given. Quantiles come from the errors of the backtests, so the one of a half may differ
        from `forecast`.

        Raises:
            InvalidInput: known columns or steps are missing from `future`, or a quantile is not between 0 and 1.
        """
        model = self.model
        levels = list(self.default_quantiles if quantiles is None else quantiles)
        if any(not 0 < level < 1 for level in levels):
            raise InvalidInput("Quantiles lie between 0 and 1.", field="quantiles")
        horizon = self._horizon(horizon, future)
        middle = model.middle(horizon, known_future(future, model.reader, model.panel, horizon))
        bands = model.quantiles(middle, sorted(levels)) if levels else np.empty((0, *middle.shape))
        table = self._index(horizon)
        table["forecast"] = middle.ravel()
        for level, band in zip(sorted(levels), bands, strict=True):
            table[f"{level:g}"] = band.ravel()
        return table

    def _horizon(self, asked: int | None, future: Any) -> int:
        if asked is None and future is not None and len(future):
            asked = int(places_of(future, self.model.reader, self.model.panel, strict=False)[1].max())
        horizon = asked or self.model.horizon
        if not 1 <= horizon <= FARTHEST_STEPS * max(self.model.horizon, self.model.panel.season):
            raise InvalidInput(
                f"A horizon of {horizon} steps cannot be forecast after a fit to {self.model.horizon}.", field="horizon"
            )
        return horizon

    def _index(self, horizon: int) -> Any:
        panel = self.model.panel
        columns: dict[str, Any] = {}
        for place, name in enumerate(self.model.reader.series_columns):
            columns[name] = [one.key[place] for one in panel.series for _ in range(horizon)]
        columns[self.model.reader.time_column] = np.concatenate(
            [steps_after(one.times[-1], panel.frequency, horizon) for one in panel.series]
        )
        return pandas.DataFrame(columns)

    def predict(self, frame: Any) -> np.ndarray:
        """(rows,) the middle forecast for each row (series, time, known columns) of the frame, in its order.

        Raises:
            InvalidInput: a row is of no series of the fit, or not after its end.
        """
        frame = frame if hasattr(frame, "columns") else pandas.DataFrame(frame)
        model = self.model
        series, steps = places_of(frame, model.reader, model.panel)
        horizon = self._horizon(int(steps.max()), None)
        future = known_future(frame, model.reader, model.panel, horizon, asked=np.unique(series))
        return np.asarray(model.middle(horizon, future)[series, steps - 1])

    def score(self, data: Any) -> dict[str, float]:
        """All metrics on rows that follow the history and hold the target.

        Raises:
            InvalidInput: the target is missing, or no row follows the history.
        """
        model = self.model
        if model.reader.target not in data.columns:
            raise InvalidInput(f"The data have no column '{model.reader.target}'.", field="test_data")
        series, steps = places_of(data, model.reader, model.panel, strict=False)
        kept = steps >= 1
        if not kept.any():
            raise InvalidInput("No row follows the end of the history.", field="test_data")
        horizon = int(steps[kept].max())
        actual = np.full((1, len(model.panel), horizon), np.nan)
        actual[0, series[kept], steps[kept] - 1] = np.asarray(data[model.reader.target], dtype=float)[kept]
        future = known_future(data, model.reader, model.panel, horizon, asked=np.unique(series[kept]))
        scales = [metrics.seasonal_scale(one.target, model.panel.season) for one in model.panel.series]
        ranges = [float(np.ptp(one.target)) or 1.0 for one in model.panel.series]
        truth = metrics.Truth(actual, np.array(ranges), np.array([scales]))
        return metrics.all_metrics(truth, model.middle(horizon, future)[None])

    def update(self, history: Any) -> ForecastPredictor:
        """The same forecaster with later observations. Nothing is searched again: orders and trees stay, levels move.

        Raises:
            InvalidInput: the frame cannot be read as the first one was, or holds nothing later.
        """
        later = {one.key: one for one in self.model.reader.panel(history, lambda text: None).series}
        before = {one.key: one.times[-1] for one in self.model.panel.series}
        if not any(key in before and one.times[-1] > before[key] for key, one in later.items()):
            raise InvalidInput("No row is later than the history of its series.", field="history")
        series = tuple(_extended(one, later[one.key]) if one.key in later else one for one in self.model.panel.series)
        panel: Panel = replace(self.model.panel, series=tuple(self._even(one) for one in series))
        return ForecastPredictor(self.model.with_panel(panel), self.record, self.backtests, self.default_quantiles)

    def _even(self, one: Series) -> Series:
        """Steps that lie between the old end and what came later are filled by a line."""
        grid = np.concatenate(
            [one.times[:1], steps_after(one.times[0], self.model.panel.frequency, 2 * len(one) + 1000)]
        )
        grid = grid[grid <= one.times[-1]]
        if len(grid) == len(one):
            return one
        places = np.searchsorted(grid, one.times)
        known, past = (np.full((len(grid), block.shape[1]), np.nan) for block in (one.known, one.past))
        known[places], past[places] = one.known, one.past
        target = np.interp(np.arange(len(grid)), places, one.target)
        reader = self.model.reader
        return Series(one.key, grid, target, filled(known, reader.known.fills()), filled(past, reader.past.fills()))

    def leaderboard(self) -> Any:
        """A frame with one row a trial, best first; failed ones last, with their errors."""
        greater = metrics.metric(self.record.metric).greater_is_better
        rows = []
        for trial in self.record.trials:
            scores = {f"{split}_{name}": v for split, found in trial.metrics.items() for name, v in found.items()}
            rows.append(
                {
                    "number": trial.number,
                    "algorithm": trial.algorithm,
                    "score": trial.score,
                    "score_std": trial.score_std,
                    "fit_seconds": trial.fit_seconds,
                    "status": trial.status.value,
                    "winner": trial.number == self.record.winner,
                    "params": json.dumps(dict(trial.params)),
                    "error": trial.error,
                    **scores,
                }
            )
        table = pandas.DataFrame(rows)
        table["score"] = table["score"].astype(float)
        return table.sort_values("score", ascending=not greater, na_position="last", kind="stable", ignore_index=True)

    def backtest(self) -> Any:
        """A frame of what the winner forecast from past origins beside what came, with quantiles."""
        return backtest_frame(self)

    def save(self, folder: str | Path) -> Path:
        """Write the predictor into `folder`, which is made: JSON, arrays and boosters' own forms in one archive."""
        archive = pack(
            {
                "format": FORMAT,
                "version": VERSION,
                "forecast": self.model.state(),
                "cuts": list(self.backtests.cuts),
                "judged": list(self.backtests.series),
                "backtests": self.backtests.forecasts,
                "quantiles": list(self.default_quantiles),
            }
        )
        search = (json.dumps(self.record.to_dict(), indent=1, ensure_ascii=False) + "\n").encode()
        saved.write_folder(
            Path(folder),
            {saved.MODEL: archive, _SEARCH: search},
            {"task": self.task.value, "target": self.target, "horizon": self.horizon},
        )
        return Path(folder)

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """The predictor that `save` wrote.

        Raises:
            NotFound: there is none in `folder`.
            InvalidInput: a file is not as it was written.
            Unsupported: a later version wrote it.
        """
        path = Path(folder)
        manifest = saved.read_manifest(path)
        if manifest.get("task") != Task.FORECASTING.value:
            raise InvalidInput("This predictor does not forecast.", field="folder", mend="Use Predictor.load.")
        state = unpack(saved.read_file(path, manifest, saved.MODEL))
        return cls(
            FittedForecast.restore(state["forecast"]),
            SearchRecord.from_dict(json.loads(saved.read_file(path, manifest, _SEARCH))),
            Backtests(tuple(state["cuts"]), tuple(state["judged"]), state["backtests"]),
            tuple(state["quantiles"]),
        )

    def script(self) -> str:
        """The winner as a Python script that trains it again from a table."""
        return script_of(self)

    def export_mlflow(self, folder: str | Path) -> Path:
        """An MLflow model (flavor `python_function`) in `folder`: rows of a series and a time in, forecasts out."""
        path: Path = mlflow_form.export(self, Path(folder))
        return path


def backtest_frame(predictor: ForecastPredictor) -> Any:
    """Long form: series columns, time, origin, target, forecast, a column a quantile."""
    model, past = predictor.model, predictor.backtests
    judged = model.panel.part(past.series)
    errors = replace(model.errors, scales=model.errors.scales[list(past.series)])
    levels = sorted(predictor.default_quantiles)
    tables = []
    for cut, forecasts in zip(past.cuts, past.forecasts, strict=True):
        bands: Sequence[np.ndarray] = list(errors.around(forecasts, levels)) if levels else []
        for number, one in enumerate(judged.series):
            end = len(one) - cut
            come = one.target[end : end + forecasts.shape[1]]
            if end < 1 or not len(come):
                continue
            columns: dict[str, Any] = dict(zip(model.reader.series_columns, one.key, strict=True))
            columns[model.reader.time_column] = one.times[end : end + len(come)]
            columns |= {"origin": one.times[end - 1], model.reader.target: come}
            columns["forecast"] = forecasts[number, : len(come)]
            columns |= {f"{q:g}": band[number, : len(come)] for q, band in zip(levels, bands, strict=True)}
            tables.append(pandas.DataFrame(columns))
    return pandas.concat(tables, ignore_index=True)


def completed(trials: Sequence[TrialResult]) -> list[TrialResult]:
    return [trial for trial in trials if trial.status is TrialStatus.COMPLETED]


def _extended(one: Series, later: Series) -> Series:
    new = later.times > one.times[-1]
    return Series(
        one.key,
        np.concatenate([one.times, later.times[new]]),
        np.concatenate([one.target, later.target[new]]),
        np.concatenate([one.known, later.known[new]]),
        np.concatenate([one.past, later.past[new]]),
    )
