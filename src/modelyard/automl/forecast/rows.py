"""Rows of a long frame: a series, a time and a target each; checked, in order, one a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from modelyard.automl.forecast.panel import Key
from modelyard.domain.errors import InvalidInput
from modelyard.domain.extras import LazyModule

pandas = LazyModule("pandas", extra="automl", what="Forecasting")

Note: TypeAlias = Callable[[str], None]
"""Told a line for a person: a choice made, a repair."""

FIRST_YEAR, LAST_YEAR = 1000, 3000
"""Whole numbers between are years."""


@dataclass(frozen=True)
class Rows:
    """Sorted by series, then time. All arrays have one entry a row of `frame`."""

    frame: Any
    keys: tuple[Key, ...]
    """Of each series, by its number."""
    numbers: np.ndarray
    """Series of each row."""
    times: np.ndarray
    """datetime64[ns]."""
    target: np.ndarray
    """float64; NaN where it is missing."""

    def take(self, chosen: np.ndarray) -> Rows:
        """Some rows, by place or by mask; series numbers stay."""
        return Rows(
            self.frame.iloc[np.flatnonzero(chosen) if chosen.dtype == bool else chosen],
            self.keys,
            self.numbers[chosen],
            self.times[chosen],
            self.target[chosen],
        )


def require_columns(frame: Any, names: Sequence[str], field: str) -> None:
    """Raise InvalidInput for the first that is missing."""
    for name in names:
        if name not in frame.columns:
            raise InvalidInput(
                f"The data have no column '{name}'.",
                field=field,
                mend=f"Their columns: {', '.join(map(str, list(frame.columns)[:20]))}.",
            )


def parsed_times(values: Any, column: str, note: Note) -> np.ndarray:
    """datetime64[ns], NaT where there is no time; whole numbers are years; zones become UTC."""
    if pandas.api.types.is_numeric_dtype(values):
        numbers = np.asarray(pandas.to_numeric(values), dtype=float)
        finite = numbers[np.isfinite(numbers)]
        if not len(finite) or finite.min() < FIRST_YEAR or finite.max() > LAST_YEAR or (finite % 1).any():
            raise InvalidInput(
                f"The time column '{column}' holds numbers that are no years.",
                field="forecasting.time_column",
                mend="Give dates or ISO texts; pandas.to_datetime(values, unit=...) makes them of numbers.",
            )
        texts = [f"{int(number)}-01-01" if np.isfinite(number) else None for number in numbers]
        return np.asarray(pandas.to_datetime(pandas.Series(texts)).values, dtype="datetime64[ns]")
    try:
        times = pandas.to_datetime(values, format="ISO8601" if values.dtype.kind in "OTU" else None)
    except (ValueError, TypeError):
        times = pandas.to_datetime(values, format="mixed", errors="coerce", utc=True)
    if getattr(times.dt, "tz", None) is not None:
        if values.dtype.kind not in "OTU":
            note(f"Times of '{column}' are taken as UTC.")
        times = times.dt.tz_convert("UTC").dt.tz_localize(None)
    found = np.asarray(times.values, dtype="datetime64[ns]")
    if np.isnat(found).all():
        raise InvalidInput(f"The time column '{column}' holds no times.", field="forecasting.time_column")
    return found


def parsed_target(values: Any, column: str, note: Note) -> np.ndarray:
    """float64, NaN where missing; infinite values count as missing."""
    if pandas.api.types.is_bool_dtype(values) or pandas.api.types.is_datetime64_any_dtype(values):
        raise InvalidInput(f"The target '{column}' is not numeric.", field="target_column_name")
    numbers = np.array(pandas.to_numeric(values, errors="coerce"), dtype=float)
    lost = int((np.isnan(numbers) & ~np.asarray(values.isna())).sum())
    if lost:
        raise InvalidInput(
            f"The target '{column}' holds {lost} values that are no numbers.",
            field="target_column_name",
            mend="A forecast needs a numeric target.",
        )
    if np.isinf(numbers).any():
        note(f"{int(np.isinf(numbers).sum())} infinite values of '{column}' are treated as missing.")
        numbers[np.isinf(numbers)] = np.nan
    return numbers


def series_numbers(frame: Any, columns: Sequence[str]) -> tuple[np.ndarray, tuple[Key, ...]]:
    """The series of each row and their keys, in the order of the keys; rows without a key are -1."""
    if not columns:
        return np.zeros(len(frame), dtype=np.int64), ((),)
    groups = frame.groupby(list(columns), sort=True, observed=True, dropna=True)
    numbers = np.asarray(groups.ngroup(), dtype=np.int64)
    first = frame[list(columns)].iloc[[int(place) for place in np.unique(numbers, return_index=True)[1]]]
    keys = tuple(tuple(_plain(value) for value in row) for row in first.itertuples(index=False, name=None))
    return numbers, keys[1:] if (numbers < 0).any() else keys


def _plain(value: Any) -> str | int | float | bool:
    value = value.item() if hasattr(value, "item") else value
    return value if isinstance(value, (str, int, float, bool)) else str(value)


def read_rows(
    frame: Any, target: str, time_column: str, series_columns: Sequence[str], note: Note, *, summed: bool = False
) -> Rows:
    """The rows of a frame, checked and sorted. `summed`: several rows a time are meant and stay.

    Raises:
        InvalidInput: a column is missing or of the wrong kind, or a series has a time twice.
    """
    require_columns(frame, [target], "target_column_name")
    require_columns(frame, [time_column], "forecasting.time_column")
    require_columns(frame, series_columns, "forecasting.time_series_id_column_names")
    if not len(frame):
        raise InvalidInput("The data are empty.", field="training_data")
    times = parsed_times(frame[time_column], time_column, note)
    values = parsed_target(frame[target], target, note)
    numbers, keys = series_numbers(frame, series_columns)
    rows = Rows(frame, keys, numbers, times, values)
    usable = ~np.isnat(times) & (numbers >= 0)
    if not usable.all():
        note(f"{int((~usable).sum())} rows without a time or a series are left out.")
        rows = rows.take(usable)
    if not len(rows.times):
        raise InvalidInput("No row has both a time and a series.", field="training_data")
    order = np.lexsort((rows.times, rows.numbers))
    if (np.diff(order) < 0).any() and (np.diff(rows.times[rows.numbers == rows.numbers[0]]).astype(np.int64) < 0).any():
        note("The rows were not in order of time; they are sorted.")
    rows = rows.take(order)
    return rows if summed else _unique(rows, note)


def _unique(rows: Rows, note: Note) -> Rows:
    twice = (np.diff(rows.numbers) == 0) & (np.diff(rows.times).astype(np.int64) == 0)
    if not twice.any():
        return rows
    repeated = np.concatenate(([False], twice))
    exact = np.asarray(rows.frame.duplicated())
    if (exact | ~repeated).all():
        note(f"{int(repeated.sum())} rows that repeat another are left out.")
        return rows.take(~repeated)
    place = int(np.flatnonzero(repeated & ~exact)[0])
    key = rows.keys[rows.numbers[place]]
    where = f"Series {', '.join(map(str, key))}" if key else "The series"
    raise InvalidInput(
        f"{where} has the time {np.datetime_as_string(rows.times[place], unit='s')} more than once"
        f" ({int(repeated.sum())} such rows in all).",
        field="forecasting.time_series_id_column_names",
        mend="Name the columns that tell the series apart, or set target_aggregate_function with a frequency.",
    )
