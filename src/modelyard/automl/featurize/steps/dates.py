"""Moments unfolded: where in the year, the week and the day they are, and how long ago."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from modelyard.automl.featurize.coded import Coded
from modelyard.automl.featurize.steps.numbers import as_numbers
from modelyard.automl.featurize.steps.step import Array, Goal, Step, Values

FORMATS = (
    "%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%m/%d/%Y", "%d/%m/%Y", "%Y/%m/%d", "%d.%m.%Y", "%Y%m%d",
    "%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%Y-%m-%d %H:%M", "%d-%b-%Y", "%d %b %Y", "%b %d, %Y",
    "%m/%d/%y", "%d-%m-%Y", "%B %d, %Y", "%Y-%m-%dT%H:%M", "%H:%M:%S", "%H:%M",
)  # fmt: skip
_PARTS = ("year", "month", "day", "weekday", "day_of_year", "hour", "minute", "days")
_CYCLES = {"month": 12.0, "weekday": 7.0, "day_of_year": 365.25, "hour": 24.0}


def format_of(words: list[str]) -> str | None:
    """The format that nearly all texts of a sample are written in; None where there is none."""
    sample = words[:: max(1, len(words) // 200)]
    if not sample or not all(any(map(str.isdigit, text)) for text in sample[:5]):
        return None
    for one in FORMATS:
        # Most formats fail at the first few.
        if sum(_moment(text, one) is not None for text in sample[:8]) < 0.7 * len(sample[:8]):
            continue
        if sum(_moment(text, one) is not None for text in sample) >= 0.97 * len(sample):
            return one
    return None


def as_moments(values: Values, written: str | None) -> Array:
    """(rows,) datetime64[s], NaT for what is missing or cannot be read. `written`: the format of texts."""
    if isinstance(values, Coded):
        by_word = np.array([_read(word, written) for word in values.words], dtype="datetime64[s]")
        return np.asarray(values.spread(by_word, np.datetime64("NaT", "s")))
    if values.dtype.kind == "M":
        return np.asarray(values.astype("datetime64[s]"))
    return _epochs(values.astype(float))


def _read(word: str, written: str | None) -> Any:
    """datetime64[s]."""
    told = _moment(word, written) if written else None
    if told is None:
        try:
            told = datetime.datetime.fromisoformat(word).replace(tzinfo=None)
        except ValueError:
            return np.datetime64("NaT", "s")
    return np.datetime64(told).astype("datetime64[s]")


def _moment(text: str, written: str) -> datetime.datetime | None:
    try:
        return datetime.datetime.strptime(text, written)
    except ValueError:
        return None


def _epochs(values: Array) -> Array:
    """Seconds, milli-, micro- or nanoseconds since 1970, each told by its own size; NaT beyond the year 5000."""
    found = np.full(len(values), np.datetime64("NaT", "s"))
    size = np.abs(values)
    scale = np.select([size >= 1e17, size >= 1e14, size >= 1e11], [1e9, 1e6, 1e3], 1.0)
    seconds = values / scale
    there = np.isfinite(seconds) & (np.abs(seconds) < 1e11)
    found[there] = seconds[there].astype(np.int64).astype("datetime64[s]")
    return found


class Unfolded(Step):
    """Parts of the calendar that varied in training; with `cyclic` their sine and cosine beside."""

    kind = "date"

    def __init__(self, *, cyclic: bool = False) -> None:
        self._cyclic = cyclic
        self._written: str | None = None
        self._kept: list[str] = []
        self._fill: list[float] = []
        self._spread: list[float] = []

    def fit_transform(self, values: Values, goal: Goal) -> Array:
        if isinstance(values, Coded):
            self._written = format_of(values.words)
        parts = _parts(as_moments(values, self._written))
        there = {name: values[np.isfinite(values)] for name, values in parts.items()}
        self._kept = [name for name in _PARTS if len(there[name]) and np.ptp(there[name]) > 0] or ["days"]
        self._fill = [float(there[name].mean()) if len(there[name]) else 0.0 for name in self._kept]
        self._spread = [float(there[name].std()) or 1.0 if len(there[name]) else 1.0 for name in self._kept]
        return self._features(parts)

    def transform(self, values: Values) -> Array:
        return self._features(_parts(as_moments(values, self._written)))

    def names(self, column: str) -> list[str]:
        if not self._cyclic:
            return [f"{column}:{name}" for name in self._kept]
        found = []
        for name in self._kept:
            found.append(f"{column}:{name}")
            if name in _CYCLES:
                found += [f"{column}:{name}:sin", f"{column}:{name}:cos"]
        return found

    def state(self) -> dict[str, Any]:
        return {"cyclic": self._cyclic, "written": self._written, "kept": self._kept, "fill": self._fill,
                "spread": self._spread}  # fmt: skip

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> Self:
        step = cls(cyclic=bool(state["cyclic"]))
        step._written, step._kept = state["written"], list(state["kept"])
        step._fill, step._spread = list(state["fill"]), list(state["spread"])
        return step

    def _features(self, parts: Mapping[str, Array]) -> Array:
        if not self._cyclic:
            return np.stack([parts[name] for name in self._kept], axis=1).astype(np.float32)
        found = []
        for name, fill, spread in zip(self._kept, self._fill, self._spread, strict=True):
            told = np.where(np.isnan(parts[name]), fill, parts[name])
            found.append((told - fill) / spread)
            if name in _CYCLES:
                angle = 2 * np.pi * told / _CYCLES[name]
                found += [np.sin(angle), np.cos(angle)]
        return np.stack(found, axis=1).astype(np.float32)


class Elapsed(Step):
    """How far a moment is between the first and the last of training, 0 to 1; 0 where it is missing."""

    kind = "elapsed"

    def __init__(self) -> None:
        self._written: str | None = None
        self._first = 0.0
        self._spread = 1.0

    def fit_transform(self, values: Values, goal: Goal) -> Array:
        if isinstance(values, Coded):
            self._written = format_of(values.words)
        told = as_numbers(as_moments(values, self._written))
        there = told[np.isfinite(told)]
        if len(there):
            self._first, self._spread = float(there.min()), float(np.ptp(there)) or 1.0
        return self.transform(values)

    def transform(self, values: Values) -> Array:
        told = as_numbers(as_moments(values, self._written))
        shares = np.clip((told - self._first) / self._spread, 0.0, 1.0)
        return np.nan_to_num(shares).astype(np.float32)[:, None]

    def names(self, column: str) -> list[str]:
        return [f"{column}:elapsed"]

    def state(self) -> dict[str, Any]:
        return {"written": self._written, "first": self._first, "spread": self._spread}

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> Self:
        step = cls()
        step._written = state["written"]
        step._first, step._spread = float(state["first"]), float(state["spread"])
        return step


def _parts(moments: Array) -> dict[str, Array]:
    """By name, float64, NaN where the moment is missing."""
    missing = np.isnat(moments)
    safe = np.where(missing, np.datetime64(0, "s"), moments)
    days, months, years = safe.astype("datetime64[D]"), safe.astype("datetime64[M]"), safe.astype("datetime64[Y]")
    seconds = (safe - days).astype(np.int64)
    since = days.astype(np.int64)
    found = {
        "year": years.astype(np.int64) + 1970.0,
        "month": months.astype(np.int64) % 12 + 1.0,
        "day": (days - months.astype("datetime64[D]")).astype(np.int64) + 1.0,
        "weekday": (since + 3) % 7 + 0.0,
        "day_of_year": (days - years.astype("datetime64[D]")).astype(np.int64) + 1.0,
        "hour": seconds // 3600 + 0.0,
        "minute": seconds % 3600 // 60 + 0.0,
        "days": since + seconds / 86400.0,
    }
    for values in found.values():
        values[missing] = np.nan
    return found
