"""Series too short for a backtest: padded, dropped, or left as they are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from modelyard.automl.forecast.frequency import step_seconds
from modelyard.automl.forecast.panel import Panel, Series
from modelyard.automl.forecast.rows import Note
from modelyard.domain.errors import InvalidInput
from modelyard.domain.extras import LazyModule

pandas = LazyModule("pandas", extra="automl", what="Forecasting")

HANDLINGS = ("auto", "pad", "drop", "none")


def handled(panel: Panel, handling: str, least: int, note: Note) -> Panel:
    """The panel without short series, by Azure ML's `short_series_handling_config`.

    `auto` pads where no series is long enough, and drops the short ones else.

    Raises:
        InvalidInput: an unknown handling, or nothing would be left.
    """
    if handling not in HANDLINGS:
        raise InvalidInput(
            f"'{handling}' is no handling of short series.",
            field="forecasting.short_series_handling_config",
            mend=f"One of: {', '.join(HANDLINGS)}.",
        )
    short = [len(one) < least for one in panel.series]
    if not any(short) or handling == "none":
        return panel
    if handling == "pad" or (handling == "auto" and all(short)):
        note(f"{sum(short)} series of fewer than {least} points are padded at their start with their first value.")
        return replace(panel, series=tuple(padded(one, least, panel.frequency) for one in panel.series))
    if all(short):
        raise InvalidInput(
            f"Every series is shorter than the {least} points that the horizon and the backtests need.",
            field="forecasting.forecast_horizon",
            mend="Use a shorter horizon, fewer n_cross_validations, or short_series_handling_config: pad.",
        )
    note(f"{sum(short)} series of fewer than {least} points are dropped: they have no forecast.")
    return replace(panel, series=tuple(one for one, is_short in zip(panel.series, short, strict=True) if not is_short))


def padded(one: Series, least: int, alias: str) -> Series:
    """The series with its first point repeated before it, to `least` points."""
    lacking = least - len(one)
    if lacking <= 0:
        return one
    reach = pandas.Timestamp(one.times[0]) - pandas.Timedelta(seconds=step_seconds(alias) * (lacking + 3) * 1.1)
    before = np.asarray(pandas.date_range(reach, one.times[0], freq=alias).values, dtype="datetime64[ns]")
    before = before[before < one.times[0]][-lacking:]
    count = len(before)

    def grown(values: np.ndarray) -> np.ndarray:
        return np.concatenate([np.repeat(values[:1], count, axis=0), values])

    return Series(one.key, np.concatenate([before, one.times]), grown(one.target), grown(one.known), grown(one.past))
