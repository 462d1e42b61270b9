"""Forecasters that learn every series alone."""

from __future__ import annotations

import json
import time
import warnings
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np

from modelyard.automl.forecast.decomposition import seasonal_part
from modelyard.automl.forecast.forecaster import Forecaster, PanelShape, Params
from modelyard.automl.forecast.panel import Future, Panel, Series
from modelyard.automl.models.tabular_model import Means, OutOfTime

FARTHEST = 4.0
"""Ranges of the history that a forecast may stray from it, before it counts as failed."""
MOST_FAILED = 0.5
"""Of the series, for the forecaster to fail as a whole."""


@dataclass(frozen=True)
class Path:
    """What comes after the end of a series."""

    values: np.ndarray
    """(steps,)."""
    form: Any = None
    """What was chosen on the way (orders, components), as JSON: given back, it need not be chosen again."""
    coefficients: np.ndarray | None = None
    """(known columns,): what the future columns add, where the forecaster uses them."""


class LocalForecaster(Forecaster):
    """A subclass writes `path`; this one repeats it over the series and stands in where it fails.

    Its forms are by series (see `label`).
    """

    longest_season: ClassVar[int] = 10_000
    """A longer season is taken out before `path` and put back after."""
    series_seconds: ClassVar[float] = 0.001
    """Of one fit to 200 points, roughly."""
    start_seconds: ClassVar[float] = 0.0
    """Before the first fit of a process: compilation. Imports are made before the workers are."""

    def __init__(self, params: Params | None = None) -> None:
        super().__init__(params)
        self.failures = 0
        self._paths: list[Path] = []
        self._ends: list[tuple[int, int]] = []
        self._frequency, self._country = "D", None  # type: str, str | None

    @classmethod
    def seconds(cls, shape: PanelShape) -> float:
        lengths = max(0.2, shape.points / max(1, shape.series) / 200)
        return cls.start_seconds + cls.series_seconds * shape.series * lengths

    @abstractmethod
    def path(self, one: Series, season: int, steps: int, form: Any) -> Path:
        """Forecast one series of at least 3 points that is not constant. Any error counts as a failure."""

    def _fit(self, panel: Panel, horizon: int, means: Means) -> None:
        self._paths, self._ends, self.failures = [], [], 0
        self._frequency, self._country = panel.frequency, panel.country
        errors: list[str] = []
        for one in panel.series:
            if means.deadline is not None and time.monotonic() > means.deadline:
                raise OutOfTime(f"{len(self._paths)} of {len(panel)} series were fitted")
            found = self._guarded(one, panel.season, horizon, errors)
            if found.form is not None:
                self.forms[label(one)] = found.form
            self._paths.append(found)
            self._ends.append(_end(one))
        self.failures = len(errors)
        if len(errors) > MOST_FAILED * len(panel):
            raise ValueError(f"it failed on {len(errors)} of {len(panel)} series, first: {errors[0]}")

    def forecast(self, panel: Panel, horizon: int, future: Future) -> np.ndarray:
        self._frequency, self._country = panel.frequency, panel.country
        rows = []
        for number, one in enumerate(panel.series):
            found = self._paths[number] if number < len(self._paths) else None
            if found is None or self._ends[number] != _end(one) or len(found.values) < horizon:
                found = self._guarded(one, panel.season, horizon, [])
            values = found.values[:horizon].copy()
            if found.coefficients is not None:
                values += future[number][:horizon] @ found.coefficients
            rows.append(values)
        return np.stack(rows)

    def _guarded(self, one: Series, season: int, steps: int, errors: list[str]) -> Path:
        target = one.target
        if len(target) < 3 or float(np.ptp(target)) == 0.0:
            return Path(np.full(steps, target[-1]))
        season = season if len(target) >= 2 * season else 1
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                found = self._seasonless(one, season, steps)
            _require_sane(found.values, target)
            return found
        except (KeyboardInterrupt, MemoryError, OutOfTime):
            raise
        except Exception as error:
            errors.append(f"{type(error).__name__}: {error}")
            return Path(stand_in(target, season, steps))

    def _seasonless(self, one: Series, season: int, steps: int) -> Path:
        form = self.forms.get(label(one))
        if season <= self.longest_season:
            return self.path(replace(one, target=one.target.copy()), season, steps, form)
        within, ahead = seasonal_part(one.target, season, steps)
        rest = self.path(replace(one, target=one.target - within), 1, steps, form)
        return replace(rest, values=rest.values + ahead)

    def state(self) -> dict[str, Any]:
        coefficients = [path.coefficients for path in self._paths]
        return {
            "values": np.stack([path.values for path in self._paths]),
            "coefficients": None if any(c is None for c in coefficients) else np.stack(coefficients),  # type: ignore[arg-type]
            "forms": json.dumps(self.forms),
            "ends": np.array(self._ends, dtype=np.int64).reshape(-1, 2),
        }

    @classmethod
    def restore(cls, params: Params, state: Mapping[str, Any]) -> Self:
        self = cls(params)
        self.forms = json.loads(state["forms"])
        rows = state["coefficients"]
        self._paths = [
            Path(values, None, None if rows is None else rows[number]) for number, values in enumerate(state["values"])
        ]
        self._ends = [(int(a), int(b)) for a, b in state["ends"]]
        return self


def label(one: Series) -> str:
    """The key of a series as text."""
    return json.dumps(one.key)


def stand_in(target: np.ndarray, season: int, steps: int) -> np.ndarray:
    """The last season again; the last value where there is none."""
    last = target[-season:] if len(target) >= season else target[-1:]
    return np.asarray(np.resize(last, steps), dtype=float)


def _end(one: Series) -> tuple[int, int]:
    return len(one), int(one.times[-1].astype("datetime64[ns]").astype(np.int64))


def _require_sane(values: np.ndarray, target: np.ndarray) -> None:
    if not np.isfinite(values).all():
        raise ValueError("its forecast is not finite")
    low, high = float(target.min()), float(target.max())
    slack = FARTHEST * (high - low)
    if values.min() < low - slack or values.max() > high + slack:
        raise ValueError("its forecast runs away")
