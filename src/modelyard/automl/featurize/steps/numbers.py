"""Numbers: as they are, for trees; imputed and scaled, for what measures distances."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from modelyard.automl.featurize.cells import number
from modelyard.automl.featurize.steps.step import Array, Goal, Step

# Scaled values are squeezed smoothly beyond this many spreads (Holzmueller et al. 2024, RealMLP's smooth clipping).
_CLIP = 3.0


def as_numbers(values: Array) -> Array:
    """(rows,) float64, NaN for what is missing, infinite or no number."""
    if values.dtype.kind in "fiub":
        found = values.astype(np.float64)
        if not np.isfinite(found).all():
            found[~np.isfinite(found)] = np.nan
        return found
    if values.dtype.kind == "M":
        found = values.astype("datetime64[s]").astype(np.int64).astype(np.float64)
        found[np.isnat(values)] = np.nan
        return found
    known: dict[Any, float] = {}
    found = np.empty(len(values))
    for index, value in enumerate(values):
        try:
            told = known.get(value)
            if told is None:
                told = known[value] = number(value)
        except TypeError:
            told = number(value)
        found[index] = told
    return found


class Plain(Step):
    """The number itself, NaN where it is missing."""

    kind = "number"

    def fit_transform(self, values: Array, goal: Goal) -> Array:
        return self.transform(values)

    def transform(self, values: Array) -> Array:
        return as_numbers(values).astype(np.float32)[:, None]

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

    def fit_transform(self, values: Array, goal: Goal) -> Array:
        told = as_numbers(values)
        there = told[np.isfinite(told)]
        self._marked = len(there) < len(told)
        if self._strategy != "constant":
            self._value = _centre(there, self._strategy)
        return self.transform(values)

    def transform(self, values: Array) -> Array:
        told = as_numbers(values)
        missing = np.isnan(told)
        told[missing] = self._value
        columns = [told, missing.astype(float)] if self._marked else [told]
        return np.stack(columns, axis=1).astype(np.float32)

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


class Scaled(Step):
    """Imputed, then centred and divided by its spread between the quartiles, squeezed at the ends; with `positive`
    moved into 0..1 instead."""

    kind = "scaled number"

    def __init__(self, strategy: str = "median", fill: float = 0.0, *, positive: bool = False) -> None:
        self._imputed = Imputed(strategy, fill)
        self._positive = positive
        self._centre = 0.0
        self._spread = 1.0

    def fit_transform(self, values: Array, goal: Goal) -> Array:
        filled = self._imputed.fit_transform(values, goal)
        told = filled[:, 0].astype(np.float64)
        if self._positive:
            self._centre, self._spread = float(told.min()), float(np.ptp(told)) or 1.0
        else:
            low, self._centre, high = (float(value) for value in np.percentile(told, [25, 50, 75]))
            # A column that is mostly one value has no quartiles apart; a normal one has 1.35 deviations between.
            self._spread = (high - low) / 1.35 or float(told.std()) or 1.0
        return self._apply(filled)

    def transform(self, values: Array) -> Array:
        return self._apply(self._imputed.transform(values))

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

    def _apply(self, filled: Array) -> Array:
        told = (filled[:, 0].astype(np.float64) - self._centre) / self._spread
        told = np.clip(told, 0.0, 1.0) if self._positive else told / np.sqrt(1.0 + (told / _CLIP) ** 2)
        filled[:, 0] = told
        return filled
