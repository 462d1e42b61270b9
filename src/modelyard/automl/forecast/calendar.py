"""What the date alone tells: place in the day, week and year, and public holidays."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from modelyard.automl.forecast.frequency import DAY_SECONDS, step_seconds
from modelyard.domain.errors import InvalidInput
from modelyard.domain.extras import LazyModule

pandas = LazyModule("pandas", extra="automl", what="Forecasting")
holidays = LazyModule("holidays", extra="automl", what="Holidays of a country")


def require_country(country: str | None) -> None:
    """
    Raises:
        InvalidInput: its holidays are not known.
    """
    if country is None:
        return
    if country.upper() not in holidays.utils.list_supported_countries(include_aliases=True):
        raise InvalidInput(
            f"No holidays are known of the country '{country}'.",
            field="forecasting.country_or_region_for_holidays",
            mend="Give an ISO 3166 code of two letters, such as US or DE.",
        )


def calendar_features(times: np.ndarray, alias: str, country: str | None = None) -> tuple[np.ndarray, tuple[str, ...]]:
    """(times, features) float64 and their names: only those that differ at this frequency."""
    index = pandas.DatetimeIndex(times)
    seconds = step_seconds(alias)
    columns: dict[str, Any] = {}
    if seconds < 300 * DAY_SECONDS:
        columns["month"] = index.month
        angle = 2 * np.pi * (np.asarray(index.day_of_year) - 1) / 365.25
        columns["year_sin"], columns["year_cos"] = np.sin(angle), np.cos(angle)
    if seconds < 20 * DAY_SECONDS:
        columns["day_of_month"] = index.day
        columns["week"] = np.asarray(index.isocalendar().week, dtype=float)
    if seconds < 6 * DAY_SECONDS:
        columns["weekday"] = index.day_of_week
    if 20 * DAY_SECONDS < seconds < 80 * DAY_SECONDS:
        columns["days_in_month"] = index.days_in_month
    if seconds < DAY_SECONDS:
        columns["hour"] = index.hour
        angle = 2 * np.pi * (np.asarray(index.hour) + np.asarray(index.minute) / 60) / 24
        columns["day_sin"], columns["day_cos"] = np.sin(angle), np.cos(angle)
    if seconds < 3600:
        columns["minute"] = index.minute
    if country is not None and seconds < 100 * DAY_SECONDS:
        columns |= _holidays(index, country, seconds)
    if not columns:
        return np.empty((len(times), 0)), ()
    return np.stack([np.asarray(c, dtype=float) for c in columns.values()], axis=1), tuple(columns)


def holiday_features(times: np.ndarray, alias: str, country: str | None) -> np.ndarray:
    """(times, features) of the country's holidays; without one, or at steps of a quarter and more, no feature."""
    seconds = step_seconds(alias)
    if country is None or seconds >= 100 * DAY_SECONDS:
        return np.empty((len(times), 0))
    return np.stack(list(_holidays(pandas.DatetimeIndex(times), country, seconds).values()), axis=1)


def _holidays(index: Any, country: str, seconds: float) -> dict[str, np.ndarray]:
    first, last = int(index[0].year) - 1, int(index[-1].year) + 1
    days = holiday_days(country.upper(), min(first, last), max(first, last))
    at = np.asarray(index.values, dtype="datetime64[D]")
    if seconds > 1.5 * DAY_SECONDS:
        length = np.timedelta64(round(seconds / DAY_SECONDS), "D")
        return {"holidays": (np.searchsorted(days, at + length) - np.searchsorted(days, at)).astype(float)}
    one = np.timedelta64(1, "D")
    after = np.minimum(np.searchsorted(days, at), len(days) - 1)
    distance = np.clip((days[after] - at).astype(int), 0, 8)
    return {
        "holiday": np.isin(at, days).astype(float),
        "before_holiday": np.isin(at + one, days).astype(float),
        "after_holiday": np.isin(at - one, days).astype(float),
        "days_to_holiday": distance.astype(float),
    }


@lru_cache(maxsize=64)
def holiday_days(country: str, first: int, last: int) -> np.ndarray:
    """Sorted datetime64[D] of the public holidays from one year to another."""
    found = holidays.country_holidays(country, years=range(first, last + 1))
    return np.array(sorted(np.datetime64(day, "D") for day in found), dtype="datetime64[D]")
