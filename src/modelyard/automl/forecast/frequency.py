"""The step between the points of a series: told from its times, and what a season is at it."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from modelyard.domain.errors import InvalidInput
from modelyard.domain.extras import LazyModule

pandas = LazyModule("pandas", extra="automl", what="Forecasting")

DAY_SECONDS = 86_400
MOST_POINTS = 2_000_000
"""Of one grid of times; more means that the frequency is far finer than the data."""
LEAST_ON_GRID = 0.9
"""Of the times, for a frequency to be believed."""


def step_seconds(alias: str) -> float:
    """Mean length of a step."""
    begin = pandas.Timestamp("2001-01-01")
    times = pandas.date_range(begin, periods=13, freq=alias)
    return float((times[12] - times[0]).total_seconds()) / 12


def seconds_between(first: np.datetime64, last: np.datetime64) -> float:
    """By floats: centuries overflow a difference of nanoseconds."""
    begin, end = (float(time.astype("datetime64[ns]").astype(np.int64)) for time in (first, last))
    return (end - begin) / 1e9


def checked(alias: str) -> str:
    """The alias in pandas' own spelling (older ones such as `M` or `H` are taken too)."""
    old = {"M": "ME", "Q": "QE", "Y": "YE", "A": "YE", "H": "h", "T": "min", "S": "s"}
    for candidate in (old.get(alias, alias), alias.lower()):
        try:
            return str(pandas.tseries.frequencies.to_offset(candidate).freqstr)
        except ValueError:
            continue
    raise InvalidInput(
        f"'{alias}' is no frequency.",
        field="forecasting.frequency",
        mend="Write a pandas offset alias: D, W-SUN, MS, QS, h, 15min.",
    )


def grid(first: Any, last: Any, alias: str) -> np.ndarray:
    """Every step from the one at or before `first` to the one at or after `last`, datetime64[ns]."""
    offset = pandas.tseries.frequencies.to_offset(alias)
    begin = offset.rollback(first) if hasattr(offset, "rollback") else first
    return np.asarray(pandas.date_range(begin, offset.rollforward(last), freq=offset).values, dtype="datetime64[ns]")


def steps_after(last: Any, alias: str, count: int) -> np.ndarray:
    """The `count` times that follow `last`."""
    return np.asarray(pandas.date_range(last, periods=count + 1, freq=alias).values[1:], dtype="datetime64[ns]")


def infer(times: np.ndarray) -> str | None:
    """The frequency of sorted, unique times of one series, gaps forgiven; None where there is none to be seen."""
    if len(times) < 3:
        return None
    index = pandas.DatetimeIndex(times)
    with warnings.catch_warnings():
        # Some releases of pandas announce an offset for the text; either is taken.
        warnings.simplefilter("ignore")
        whole = pandas.infer_freq(index)
    if whole:
        return str(getattr(whole, "freqstr", whole))
    deltas = np.diff(times).astype("timedelta64[s]").astype(np.int64)
    common = int(np.bincount(np.unique(deltas, return_inverse=True)[1]).argmax())
    step = int(np.unique(deltas)[common])
    span = seconds_between(times[0], times[-1])
    for alias in _candidates(index, step, float(np.median(deltas))):
        if span / step_seconds(alias) > MOST_POINTS:
            continue
        if np.isin(times, grid(index[0], index[-1], alias)).mean() >= LEAST_ON_GRID:
            return alias
    return None


def _candidates(index: Any, step: int, median: float) -> list[str]:
    days = median / DAY_SECONDS
    weekday = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")[int(index.day_of_week[-1])]
    month = index[-1].strftime("%b").upper()
    found = []
    if 27 <= days <= 32:
        found += ["MS", "ME", "BMS", "BME"]
    if 88 <= days <= 93:
        found += [f"QS-{month}", f"QE-{month}"]
    if 360 <= days <= 370:
        found += [f"YS-{month}", f"YE-{month}"]
    if step == 7 * DAY_SECONDS:
        found.append(f"W-{weekday}")
    if step == DAY_SECONDS and not (index.day_of_week >= 5).any():
        found.append("B")
    if step % DAY_SECONDS == 0:
        return [*found, f"{step // DAY_SECONDS}D"]
    if step % 3600 == 0:
        return [*found, f"{step // 3600}h"]
    return [*found, f"{step // 60}min"] if step % 60 == 0 else [*found, f"{max(1, step)}s"]


def usual_seasons(alias: str) -> tuple[int, ...]:
    """Points of the seasons that are common at a frequency, the likeliest first."""
    seconds = step_seconds(alias)
    if alias.startswith("B") and seconds < 3 * DAY_SECONDS:
        return (5,)
    table = (
        (60, (60,)),
        (3600, (round(DAY_SECONDS / seconds), round(7 * DAY_SECONDS / seconds))),
        (DAY_SECONDS, (round(DAY_SECONDS / seconds), round(7 * DAY_SECONDS / seconds))),
        (6.5 * DAY_SECONDS, (round(7 * DAY_SECONDS / seconds),)),
        (20 * DAY_SECONDS, (round(364 * DAY_SECONDS / seconds),)),
        (200 * DAY_SECONDS, (round(365.25 * DAY_SECONDS / seconds),)),
    )
    for limit, seasons in table:
        if seconds < limit:
            return tuple(season for season in seasons if season > 1)
    return ()
