"""Numbers: as they are, for trees; imputed and scaled, for what measures distances."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from modelyard.automl.featurize.cells import number
from modelyard.automl.featurize.coded import Coded
from modelyard.automl.featurize.steps.step import Array, Goal, Step, Values

# Scaled values are squeezed smoothly beyond this many spreads (Holzmueller et al. 2024, RealMLP's smooth clipping).
_CLIP = 3.0
_LARGEST = float(np.finfo(np.float32).max)
_HUGE = 1e150
_FAR = 1e6


def as_numbers(values: Values) -> Array:
    """(rows,) float64, NaN for what is missing, infinite or no number."""
    if isinstance(values, Coded):
        told = np.array([number(word) for word in values.words], dtype=np.float64)
        return np.asarray(values.spread(told, np.nan))
    if values.dtype.kind == "M":
        found = values.astype("datetime64[s]").astype(np.int64).astype(np.float64)
        found[np.isnat(values)] = np.nan
        return np.asarray(found)
    found = values.astype(np.float64)
    if not np.isfinite(found).all():
        found[~np.isfinite(found)] = np.nan
    return np.asarray(found)


def as_single(values: Array) -> Array:
    """As float32, the largest finite one where a value is beyond it."""
    return np.asarray(np.clip(values, -_LARGEST, _LARGEST).astype(np.float32))


class Plain(Step):
    """The number itself, NaN where it is missing."""

    kind = "number"

    def fit_transform(self, values: Values, goal: Goal) -> Array:
        return self.transform(values)

    def transform(self, values: Values) -> Array:
        return as_single(as_numbers(values))[:, None]

    def row(self, value: Any) -> list[float]:
        return [min(max(number(value), -_LARGEST), _LARGEST)]

    def names(self, column: str) -> list[str]:
        return [column]

    def state(self) -> dict[str, Any]:
        return {}

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> Self:
        return cls()


class Imputed(Step):
    """What is missing is filled in, and said so in a feature of its own where it happened in training."""

    kind = "imputed number"

    def __init__(self, strategy: str = "median", fill: float = 0.0) -> None:
        self._strategy = strategy
        self._value = fill
        self._marked = False

    def fit_transform(self, values: Values, goal: Goal) -> Array:
        told = as_numbers(values)
        there = told[np.isfinite(told)]
        self._marked = len(there) < len(told)
        if self._strategy != "constant":
            self._value = _centre(there, self._strategy)
        return self.transform(values)

    def transform(self, values: Values) -> Array:
        told, missing = self.filled(values)
        return self.with_mark(told, missing)

    def filled(self, values: Values) -> tuple[Array, Array]:
        """(rows,) float64 without gaps, and where the gaps were."""
        told = as_numbers(values)
        missing = np.isnan(told)
        told[missing] = self._value
        return told, missing

    def with_mark(self, told: Array, missing: Array) -> Array:
        return as_single(np.stack([told, missing] if self._marked else [told], axis=1, dtype=np.float64))

    def row(self, value: Any) -> list[float]:
        told = self.row_filled(value)
        return [min(max(told[0], -_LARGEST), _LARGEST), *told[1:]]

    def row_filled(self, value: Any) -> list[float]:
        told = number(value)
        missing = told != told
        told = self._value if missing else told
        return [told, float(missing)] if self._marked else [told]

    def names(self, column: str) -> list[str]:
        return [column, f"{column}:missing"] if self._marked else [column]

    def state(self) -> dict[str, Any]:
        return {"strategy": self._strategy, "value": self._value, "marked": self._marked}

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> Self:
        step = cls(state["strategy"], state["value"])
        step._marked = bool(state["marked"])
        return step


def _centre(there: Array, strategy: str) -> float:
    if not len(there):
        return 0.0
    if strategy == "mean":
        return float(there.mean())
    if strategy == "most_frequent":
        values, counts = np.unique(there, return_counts=True)
        return float(values[counts.argmax()])
    return float(np.median(there))


def _deviation(told: Array) -> float:
    largest = float(np.abs(told).max()) or 1.0
    return float((told / largest).std()) * largest or 1.0


class Scaled(Step):
    """Imputed, then centred and divided by its spread between the quartiles, squeezed at the ends; with `positive`
    moved into 0..1 instead."""

    kind = "scaled number"

    def __init__(self, strategy: str = "median", fill: float = 0.0, *, positive: bool = False) -> None:
        self._imputed = Imputed(strategy, fill)
        self._positive = positive
        self._centre = 0.0
        self._spread = 1.0

    def fit_transform(self, values: Values, goal: Goal) -> Array:
        self._imputed.fit_transform(values, goal)
        told, missing = self._imputed.filled(values)
        # Half of the largest, so that differences stay finite.
        told = np.clip(told, -_HUGE, _HUGE)
        if self._positive:
            self._centre, self._spread = float(told.min()), float(np.ptp(told)) or 1.0
        else:
            low, self._centre, high = (float(value) for value in np.percentile(told, [25, 50, 75]))
            # A column that is mostly one value has no quartiles apart; a normal one has 1.35 deviations between.
            self._spread = (high - low) / 1.35 or _deviation(told)
        return self._imputed.with_mark(self._scaled(told), missing)

    def transform(self, values: Values) -> Array:
        told, missing = self._imputed.filled(values)
        return self._imputed.with_mark(self._scaled(told), missing)

    def row(self, value: Any) -> list[float]:
        told, *mark = self._imputed.row_filled(value)
        told = (min(max(told, -_HUGE), _HUGE) - self._centre) / self._spread
        if self._positive:
            return [min(max(told, 0.0), 1.0), *mark]
        told = min(max(told, -_FAR), _FAR)
        return [told / math.sqrt(1.0 + (told / _CLIP) * (told / _CLIP)), *mark]

    def names(self, column: str) -> list[str]:
        return self._imputed.names(column)

    def state(self) -> dict[str, Any]:
        return {"imputed": self._imputed.state(), "positive": self._positive, "centre": self._centre,
                "spread": self._spread}  # fmt: skip

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> Self:
        step = cls(positive=bool(state["positive"]))
        step._imputed = Imputed.restore(state["imputed"])
        step._centre, step._spread = float(state["centre"]), float(state["spread"])
        return step

    def _scaled(self, told: Array) -> Array:
        told = (np.clip(told, -_HUGE, _HUGE) - self._centre) / self._spread
        if self._positive:
            return np.asarray(np.clip(told, 0.0, 1.0))
        told = np.clip(told, -_FAR, _FAR)
        return np.asarray(told / np.sqrt(1.0 + (told / _CLIP) * (told / _CLIP)))
