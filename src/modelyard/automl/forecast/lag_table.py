"""Series as a table: what was known at an origin, and the value some steps later.

A row is a series, an origin and a step. Values are told from the `anchor` (what a naive forecast says) in units of the
series' own recent movement, so that series of all sizes make one table and trends can go on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from modelyard.automl.forecast.calendar import calendar_features
from modelyard.automl.forecast.decomposition import seasonal_part
from modelyard.automl.forecast.frequency import steps_after
from modelyard.automl.forecast.local_forecaster import label
from modelyard.automl.forecast.panel import Future, Panel

ANCHORS = ("level", "last", "season")


@dataclass(frozen=True)
class LagPlan:
    lags: tuple[int, ...]
    windows: tuple[int, ...]
    season: int
    anchor: str = "level"
    past: bool = False
    """Columns known of the past alone are told as they were at the origin."""
    stl: str = "none"
    """`season`: the series' seasonal part at the time is a feature; `season_trend`: its trend at the origin too."""
    identity: bool = True
    """Which series it is, as a category."""

    @property
    def reach(self) -> int:
        """Points before and at the origin that a row looks at."""
        return max(*self.lags, *self.windows, 3 * self.season + 1, 2)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        return cls(**{**value, "lags": tuple(value["lags"]), "windows": tuple(value["windows"])})


@dataclass(frozen=True)
class Rows:
    """Chosen rows. `origins` are places in a series: 0 is its first point."""

    series: np.ndarray
    origins: np.ndarray
    steps: np.ndarray


@dataclass(frozen=True)
class Table:
    matrix: np.ndarray
    """(rows, features) float32, NaN where the history is too short."""
    anchors: np.ndarray
    scales: np.ndarray


class LagTable:
    """The series of a panel laid end to end, each with room before it and, for forecasts, after it."""

    def __init__(self, plan: LagPlan, panel: Panel, codes: Mapping[str, int], future: Future, horizon: int) -> None:
        self.plan = plan
        self._steps = horizon
        lengths = np.array([len(one) for one in panel.series])
        self.lengths = lengths
        room = plan.reach + horizon
        self._starts = plan.reach + np.concatenate(([0], np.cumsum(lengths[:-1] + room)))
        size = int(self._starts[-1] + lengths[-1] + horizon) + 1
        self._values = np.full(size, np.nan)
        self._known = np.full((size, len(panel.known_names)), np.nan)
        self._past = np.full((size, len(panel.past_names) if plan.past else 0), np.nan)
        self._codes = np.array([codes.get(label(one), -1) for one in panel.series], dtype=float)
        self._codes[self._codes < 0] = np.nan
        self._decomposed = np.full((size, {"none": 0, "season": 1, "season_trend": 2}[plan.stl]), np.nan)
        self._floor = np.array([_movement(one.target) for one in panel.series])
        times = []
        for number, (one, start) in enumerate(zip(panel.series, self._starts, strict=True)):
            end = start + len(one)
            self._values[start:end] = one.target
            self._known[start:end] = one.known
            if len(future):
                self._known[end : end + horizon] = future[number][:horizon]
            if plan.past:
                self._past[start:end] = one.past
            self._decompose(one.target, start)
            times.append(_times(one.times, panel.frequency, horizon))
        self._calendar, self.calendar_names = self._calendars(times, panel)
        self.names = self._names(panel)

    def _calendars(self, times: list[np.ndarray], panel: Panel) -> tuple[np.ndarray, tuple[str, ...]]:
        """Each time once, as series share most of theirs; and how to find it from a place."""
        distinct, inverse = np.unique(np.concatenate(times), return_inverse=True)
        features, names = calendar_features(distinct, panel.frequency, panel.country)
        found = np.full((len(self._values), features.shape[1]), np.nan, dtype=np.float32)
        done = 0
        for start, one in zip(self._starts, times, strict=True):
            found[start : start + len(one)] = features[inverse[done : done + len(one)]]
            done += len(one)
        return found, names

    def _decompose(self, target: np.ndarray, start: int) -> None:
        if self.plan.stl == "none":
            return
        season = self.plan.season if len(target) >= 2 * self.plan.season else 1
        within, ahead = seasonal_part(target, season, self._steps)
        self._decomposed[start : start + len(target) + self._steps, 0] = np.concatenate([within, ahead])
        if self.plan.stl == "season_trend":
            rest = target - within
            width = max(3, season)
            sums = np.cumsum(np.concatenate([np.full(width, rest[0]), rest]))
            self._decomposed[start : start + len(target), 1] = (sums[width:] - sums[:-width]) / width

    def _names(self, panel: Panel) -> tuple[str, ...]:
        names = ["series"] if self.plan.identity else []
        names += ["step", *(f"lag{lag}" for lag in self.plan.lags)]
        for window in self.plan.windows:
            names += [f"mean{window}", f"std{window}"]
        names += ["drift", "season1", "season2", "season3", "change1", "change2", "change3"]
        names += self.calendar_names
        names += [*panel.known_names, *(f"{name}:move" for name in panel.known_names)]
        names += panel.past_names if self.plan.past else ()
        return (*names, *("stl_season", "stl_trend")[: self._decomposed.shape[1]])

    def put(self, step: int, values: np.ndarray) -> None:
        """Take forecasts (series,) of a step as if they had come."""
        self._values[self._starts + self.lengths + step - 1] = values

    def targets(self, rows: Rows) -> np.ndarray:
        return np.asarray(self._values[self._starts[rows.series] + rows.origins + rows.steps])

    def table(self, rows: Rows) -> Table:
        """The rows' features; about 200 bytes a feature and row are held on the way, so ask in parts."""
        origin = self._starts[rows.series] + rows.origins
        target = origin + rows.steps
        season = self.plan.season
        recent = self._values[origin[:, None] - np.arange(self.plan.reach)]
        scales = self._scales(recent, rows.series)
        level = _mean(recent[:, : max(season, 4)])
        # The same phase, in the last season that is known at the origin, and before.
        back = season * -(-rows.steps // season)
        aligned = [self._at(target - back - season * years, origin) for years in range(3)]
        before = [self._at(origin - back - season * years, origin) for years in range(3)]
        anchors = {"level": level, "last": recent[:, 0], "season": aligned[0]}[self.plan.anchor]
        anchors = np.where(np.isfinite(anchors), anchors, recent[:, 0])

        def told(values: np.ndarray) -> np.ndarray:
            return np.asarray((values - anchors) / scales)

        columns = [self._codes[rows.series]] if self.plan.identity else []
        columns += [rows.steps.astype(float), *(told(recent[:, lag - 1]) for lag in self.plan.lags)]
        for window in self.plan.windows:
            columns += [told(_mean(recent[:, :window])), _std(recent[:, :window]) / scales]
        half = max(season, 4)
        columns.append((level - _mean(recent[:, half : 2 * half])) / scales)
        columns += [told(values) for values in aligned]
        columns += [(values - then) / scales for values, then in zip(aligned, before, strict=True)]
        columns += list(self._calendar[target].T)
        columns += [*self._known[target].T, *(self._known[target] - self._known[origin]).T]
        columns += list(self._past[origin].T)
        columns += [told(level + self._decomposed[target, 0])] if self._decomposed.shape[1] else []
        columns += [told(self._decomposed[origin, 1])] if self._decomposed.shape[1] > 1 else []
        return Table(np.stack(columns, axis=1).astype(np.float32), anchors, scales)

    def _at(self, places: np.ndarray, origins: np.ndarray) -> np.ndarray:
        """Values there; NaN where the place is before the room of its series."""
        inside = places > origins - self.plan.reach
        return np.where(inside, self._values[np.maximum(places, 0)], np.nan)

    def _scales(self, recent: np.ndarray, series: np.ndarray) -> np.ndarray:
        moves = np.abs(np.diff(recent, axis=1))
        return np.asarray(np.maximum(np.nan_to_num(_mean(moves)), 0.05 * self._floor[series]) + 1e-9)


def all_rows(lengths: np.ndarray, horizon: int, first: int, most: int, seed: int, skip: int = 0) -> Rows:
    """Every origin with its steps, without the last `skip` origins; a random part where they are more than `most`."""
    series, origins = [], []
    for number, length in enumerate(lengths):
        places = np.arange(min(first, max(0, length - 2)), length - 1 - skip)
        series.append(np.full(len(places), number))
        origins.append(places)
    one, origin = np.concatenate(series), np.concatenate(origins)
    steps = np.arange(1, horizon + 1)
    grid = Rows(np.repeat(one, horizon), np.repeat(origin, horizon), np.tile(steps, len(one)))
    keep = grid.origins + grid.steps < lengths[grid.series] - skip
    places = np.flatnonzero(keep)
    if len(places) > most:
        places = np.sort(np.random.default_rng(seed).choice(places, most, replace=False))
    return Rows(grid.series[places], grid.origins[places], grid.steps[places])


def rows_of_origins(lengths: np.ndarray, steps: Sequence[int], ahead: int = 0) -> Rows:
    """From the end of each series (`ahead` points later), series by series."""
    count = len(lengths)
    return Rows(
        np.repeat(np.arange(count), len(steps)),
        np.repeat(lengths - 1 + ahead, len(steps)),
        np.tile(np.array(steps), count),
    )


def _times(times: np.ndarray, alias: str, horizon: int) -> np.ndarray:
    return np.concatenate([times, steps_after(times[-1], alias, horizon)]) if horizon else times


def _movement(target: np.ndarray) -> float:
    return float(np.abs(np.diff(target)).mean()) if len(target) > 1 else 0.0


def _mean(values: np.ndarray) -> np.ndarray:
    present = ~np.isnan(values)
    counts = present.sum(axis=1)
    sums = np.where(present, values, 0.0).sum(axis=1)
    return np.asarray(np.where(counts > 0, sums / np.maximum(1, counts), np.nan))


def _std(values: np.ndarray) -> np.ndarray:
    means = _mean(values)
    return np.asarray(np.sqrt(np.maximum(0.0, _mean((values - means[:, None]) ** 2))))
