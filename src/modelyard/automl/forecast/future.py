"""What a user knows of the steps to come, brought beside the series."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from modelyard.automl.forecast.frequency import steps_after
from modelyard.automl.forecast.panel import Future, Key, Panel, Series
from modelyard.automl.forecast.rows import parsed_times, require_columns, series_numbers
from modelyard.automl.forecast.series import Reader
from modelyard.domain.errors import InvalidInput


def places_of(frame: Any, reader: Reader, panel: Panel, *, strict: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """For each row of a frame, its series (place in the panel) and its step after the series' end, from 1.

    Raises:
        InvalidInput: a series is not known, or with `strict` a time is not after the end of its series.
    """
    require_columns(frame, [reader.time_column, *reader.series_columns], "future")
    times = parsed_times(frame[reader.time_column], reader.time_column, lambda text: None)
    numbers, keys = series_numbers(frame, reader.series_columns)
    known: Mapping[Key, int] = {one.key: place for place, one in enumerate(panel.series)}
    unknown = [key for key in keys if key not in known]
    if unknown or (numbers < 0).any():
        shown = ", ".join(" ".join(map(str, key)) for key in unknown[:3]) or "one without a name"
        raise InvalidInput(
            f"{max(1, len(unknown))} series have no history here: {shown}.",
            field="future",
            mend="A forecast is made of the series that were fitted; give new ones by a new fit.",
        )
    series = np.array([known[key] for key in keys])[numbers]
    steps = np.zeros(len(series), dtype=np.int64)
    for place in np.unique(series):
        rows = series == place
        steps[rows] = _steps(times[rows], panel.series[place], reader, strict)
    return series, steps


def _steps(times: np.ndarray, one: Series, reader: Reader, strict: bool) -> np.ndarray:
    end = one.times[-1]
    late = times > end
    if strict and not late.all():
        early = np.datetime_as_string(times[~late].min(), unit="s")
        raise InvalidInput(
            f"{early} is not after the end of the history ({np.datetime_as_string(end, unit='s')}).",
            field="future",
            mend="Ask for times after it; `update` takes later observations.",
        )
    span = (times.max() - end).astype("timedelta64[s]").astype(int) if late.any() else 0
    first = steps_after(end, reader.frequency, 1)[0]
    count = max(1, int(span / max(1, (first - end).astype("timedelta64[s]").astype(int)) * 1.2) + 5)
    grid = steps_after(end, reader.frequency, count)
    found = np.searchsorted(grid, times, side="left") + 1
    return np.where(late, found, 0)


def known_future(
    frame: Any | None, reader: Reader, panel: Panel, horizon: int, asked: np.ndarray | None = None
) -> Future:
    """The known columns of the next `horizon` steps of each series.

    Columns of one value in each series need not be given. `asked`: the series whose forecasts are wanted, by place;
    for others the last known values stand.

    Raises:
        InvalidInput: columns or steps are missing.
    """
    features = len(reader.known.features)
    if not features:
        return tuple(np.empty((horizon, 0)) for _ in panel.series)
    static = reader.known.static()
    moving = [column.name for column in reader.known.columns if not column.static]
    last = np.stack([one.known[-1] for one in panel.series])
    found = np.full((len(panel), horizon, features), np.nan)
    found[:, :, static] = last[:, None, static]
    if frame is not None and len(frame):
        require_columns(frame, moving, "future")
        series, steps = places_of(frame, reader, panel, strict=False)
        within = (steps >= 1) & (steps <= horizon)
        given = frame.assign(**{c.name: "" for c in reader.known.columns if c.static and c.name not in frame.columns})
        values = reader.known.transform(given)[within]
        values[:, static] = last[series[within]][:, static]
        found[series[within], steps[within] - 1] = np.where(np.isnan(values), reader.known.fills(), values)
    if asked is not None:
        others = np.setdiff1d(np.arange(len(panel)), asked)
        carried = np.broadcast_to(last[others][:, None, :], found[others].shape)
        found[others] = np.where(np.isnan(found[others]), carried, found[others])
    lacking = np.isnan(found).any(axis=2)
    if lacking.any():
        place, step = (int(number[0]) for number in np.nonzero(lacking))
        key = " ".join(map(str, panel.series[place].key))
        when = np.datetime_as_string(
            steps_after(panel.series[place].times[-1], reader.frequency, step + 1)[-1], unit="s"
        )
        raise InvalidInput(
            f"The future of {', '.join(moving)} is needed, and missing at {when}{f' of {key}' if key else ''}"
            f" ({int(lacking.sum())} steps in all).",
            field="future",
            mend="Give `future` with a row for each series and step; or fit with these columns in"
            " features_unknown_at_forecast_time.",
        )
    return tuple(found)
