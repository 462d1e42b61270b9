"""From a long frame to checked, evenly spaced series, and the same reading for the future."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

import numpy as np

from modelyard.automl.forecast import frequency as frequencies
from modelyard.automl.forecast.exogenous import Columns
from modelyard.automl.forecast.panel import Key, Panel, Series
from modelyard.automl.forecast.rows import Note, Rows, read_rows
from modelyard.automl.forecast.seasons import season_of
from modelyard.automl.plan.settings import Settings
from modelyard.domain.errors import InvalidInput
from modelyard.domain.extras import LazyModule

pandas = LazyModule("pandas", extra="automl", what="Forecasting")

AGGREGATES = ("sum", "max", "min", "mean")
LEAST_TRAINED = 3
"""Points of a series before its first backtest, for it not to be short."""


@dataclass(frozen=True)
class Reader:
    """How a frame was read; reads a later history and the future the same way."""

    target: str
    time_column: str
    series_columns: tuple[str, ...]
    frequency: str
    aggregate: str | None
    season: int
    known: Columns
    past: Columns
    country: str | None

    def panel(self, frame: Any, note: Note) -> Panel:
        """The series of a frame, read as the first one was; not padded."""
        rows = read_rows(
            frame, self.target, self.time_column, self.series_columns, note, summed=self.aggregate is not None
        )
        return Panel(
            _series(rows, self, note),
            self.frequency,
            self.season,
            self.known.features,
            self.past.features,
            self.country,
        )

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "known": self.known.to_json(), "past": self.past.to_json()}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        return cls(
            **{
                **value,
                "series_columns": tuple(value["series_columns"]),
                "known": Columns.from_json(value["known"]),
                "past": Columns.from_json(value["past"]),
            }
        )


def read(frame: Any, settings: Settings, note: Note) -> tuple[Reader, Panel]:
    """The reader and the series of training data.

    Raises:
        InvalidInput: what cannot be repaired; repairs are told to `note`.
    """
    asked = settings.forecasting
    if asked is None:
        raise InvalidInput("A forecast needs the name of its time column.", field="forecasting.time_column_name")
    summed = _aggregate(asked.aggregate, asked.frequency)
    rows = read_rows(frame, settings.target, asked.time_column, asked.series_columns, note, summed=summed is not None)
    alias = frequencies.checked(asked.frequency) if asked.frequency else _inferred(rows, note)
    reader = Reader(
        settings.target,
        asked.time_column,
        tuple(asked.series_columns),
        alias,
        summed,
        1,
        *_columns(rows, settings, note),
        asked.holidays_country,
    )
    series = _series(rows, reader, note)
    reader = replace(reader, season=_season(asked.seasonality, series, alias, note))
    panel = Panel(series, alias, reader.season, reader.known.features, reader.past.features, reader.country)
    return reader, panel


def _aggregate(function: str | None, frequency: str | None) -> str | None:
    if function is None or function == "none":
        return None
    if function not in AGGREGATES:
        raise InvalidInput(
            f"'{function}' is no aggregate function.",
            field="forecasting.target_aggregate_function",
            mend=f"One of: {', '.join(AGGREGATES)}.",
        )
    if not frequency:
        raise InvalidInput(
            "target_aggregate_function needs a frequency to aggregate to.", field="forecasting.frequency"
        )
    return function


def _season(asked: int | str | None, series: tuple[Series, ...], alias: str, note: Note) -> int:
    if asked != "auto":
        return max(1, int(asked or 1))
    season = season_of(series, alias)
    note(f"Season: {season} points." if season > 1 else "No season was found.")
    return season


def _inferred(rows: Rows, note: Note) -> str:
    counts = np.bincount(rows.numbers, minlength=len(rows.keys))
    votes: dict[str, int] = {}
    for number in np.argsort(-counts)[:20]:
        found = frequencies.infer(np.unique(rows.times[rows.numbers == number]))
        if found:
            votes[found] = votes.get(found, 0) + 1
    if not votes:
        raise InvalidInput(
            "The times have no frequency that can be told: they are uneven, or every series is shorter than 3 points.",
            field="forecasting.frequency",
            mend="Set frequency (such as D or MS), with target_aggregate_function where several rows fall on a step.",
        )
    alias = max(votes, key=lambda name: votes[name])
    note(f"Frequency: {alias}.")
    return alias


def _columns(rows: Rows, settings: Settings, note: Note) -> tuple[Columns, Columns]:
    asked = settings.forecasting
    assert asked is not None
    for name in asked.unknown_columns:
        if name not in rows.frame.columns:
            raise InvalidInput(
                f"The data have no column '{name}'.", field="forecasting.features_unknown_at_forecast_time"
            )
    purposes = settings.featurization.column_purposes
    aside = {settings.target, asked.time_column, *asked.series_columns, settings.weight_column}
    aside |= set(settings.featurization.drop_columns) | {n for n, kind in purposes.items() if kind == "Ignore"}
    names = [str(name) for name in rows.frame.columns if name not in aside]
    known, notes = Columns.fit(rows.frame, [n for n in names if n not in asked.unknown_columns], rows.numbers)
    past, more = Columns.fit(rows.frame, [n for n in names if n in asked.unknown_columns], rows.numbers)
    for line in [*notes, *more]:
        note(line)
    return known, past


def _series(rows: Rows, reader: Reader, note: Note) -> tuple[Series, ...]:
    """On the grid, aggregated where asked, gaps filled."""
    grid = _grid(rows, reader.frequency)
    places = _places(rows, grid, reader, note)
    known, past = reader.known.transform(rows.frame), reader.past.transform(rows.frame)
    values = np.concatenate([rows.target.reshape(-1, 1), known, past], axis=1)
    numbers = rows.numbers
    if reader.aggregate:
        numbers, places, values = _aggregated(numbers, places, values, reader.aggregate)
    bounds = np.searchsorted(numbers, np.arange(len(rows.keys) + 1))
    fills = np.concatenate([reader.known.fills(), reader.past.fills()])
    found, gaps, missing = [], 0, 0
    for number, key in enumerate(rows.keys):
        part = slice(bounds[number], bounds[number + 1])
        one, gap, lost = _one(key, places[part], values[part], grid, fills, known.shape[1])
        gaps, missing = gaps + gap, missing + lost
        if one is not None:
            found.append(one)
        else:
            note(f"Series {', '.join(map(str, key))} has no target at all and is left out.")
    if gaps:
        note(f"{gaps} missing steps between rows are filled: the target by a line between its neighbours.")
    if missing:
        note(f"{missing} missing targets are filled in the same way; those at either end are cut off.")
    if not found:
        raise InvalidInput("No series has a target.", field="target_column_name")
    return tuple(found)


def _grid(rows: Rows, alias: str) -> np.ndarray:
    first, last = pandas.Timestamp(rows.times.min()), pandas.Timestamp(rows.times.max())
    if (
        frequencies.seconds_between(rows.times.min(), rows.times.max()) / max(1e-9, frequencies.step_seconds(alias))
        > frequencies.MOST_POINTS
    ):
        raise InvalidInput(
            f"At the frequency {alias} the series would have more than {frequencies.MOST_POINTS:,} steps.",
            field="forecasting.frequency",
        )
    return frequencies.grid(first, last, alias)


def _places(rows: Rows, grid: np.ndarray, reader: Reader, note: Note) -> np.ndarray:
    """The step of each row."""
    after = np.minimum(np.searchsorted(grid, rows.times, side="left"), len(grid) - 1)
    exact = grid[after] == rows.times
    if exact.all():
        return after
    ends = reader.frequency.startswith(("ME", "QE", "YE", "BME", "BQE", "BYE", "W"))
    places = after if ends else np.searchsorted(grid, rows.times, side="right") - 1
    if reader.aggregate is None:
        shared = (np.diff(rows.numbers) == 0) & (np.diff(places) == 0)
        if shared.any():
            raise InvalidInput(
                f"Several rows of a series fall on one step of {reader.frequency}.",
                field="forecasting.frequency",
                mend="Set target_aggregate_function (sum, mean, min or max), or a finer frequency.",
            )
        note(f"{int((~exact).sum())} times that lie between the steps of {reader.frequency} are moved onto them.")
    return places


def _aggregated(
    numbers: np.ndarray, places: np.ndarray, values: np.ndarray, function: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One row a series and step: the target by the function, other columns by their mean."""
    table = pandas.DataFrame(values)
    groups = table.groupby([numbers, places], sort=True)
    target = groups[0].sum(min_count=1) if function == "sum" else getattr(groups[0], function)()
    means = groups.mean()
    means[0] = target
    index = means.index
    return (
        np.asarray(index.get_level_values(0)),
        np.asarray(index.get_level_values(1)),
        np.array(means.to_numpy(), dtype=float),
    )


def _one(
    key: Key, places: np.ndarray, values: np.ndarray, grid: np.ndarray, fills: np.ndarray, known: int
) -> tuple[Series | None, int, int]:
    """One series, and how many steps and targets were missing between its ends."""
    given = np.flatnonzero(~np.isnan(values[:, 0]))
    if not len(given):
        return None, 0, 0
    missing = len(values) - len(given)
    places, values = places[given[0] : given[-1] + 1], values[given[0] : given[-1] + 1]
    first, length = int(places[0]), int(places[-1] - places[0]) + 1
    dense = np.full((length, values.shape[1]), np.nan)
    dense[places - first] = values
    target, columns = dense[:, 0], dense[:, 1:]
    holes = np.isnan(target)
    if holes.any():
        target[holes] = np.interp(np.flatnonzero(holes), np.flatnonzero(~holes), target[~holes])
    columns = filled(columns, fills)
    one = Series(key, grid[first : first + length], target.copy(), columns[:, :known], columns[:, known:])
    return one, length - len(places), missing


def filled(columns: np.ndarray, fills: np.ndarray) -> np.ndarray:
    """Missing numbers take the last one before them, else the column's `fills`."""
    if not np.isnan(columns).any():
        return columns.copy()
    columns = columns.copy()
    rows = np.where(np.isnan(columns), -1, np.arange(len(columns)).reshape(-1, 1))
    last = np.maximum.accumulate(rows, axis=0)
    taken = np.take_along_axis(columns, np.maximum(last, 0), axis=0)
    return np.where(last >= 0, taken, fills)
