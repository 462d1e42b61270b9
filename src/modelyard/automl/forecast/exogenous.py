"""Columns beside the target as numbers: fitted on the past, the same for the future."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from modelyard.domain.extras import LazyModule

pandas = LazyModule("pandas", extra="automl", what="Forecasting")

MOST_CATEGORIES = 24
"""Of a text column; one with more says too little for a series."""


@dataclass(frozen=True)
class Column:
    name: str
    categories: tuple[str, ...] | None
    """Of a text column, each becoming a 0/1 feature; None: a number."""
    fill: float = 0.0
    """For a missing number where the series has none before it."""
    static: bool = False
    """Of one value in every series: the future needs not repeat it."""


@dataclass(frozen=True)
class Columns:
    """The features of some columns of a frame."""

    columns: tuple[Column, ...] = ()

    @classmethod
    def fit(cls, frame: Any, names: Sequence[str], groups: Any) -> tuple[Self, list[str]]:
        """From the rows of the past; `groups` numbers the series of each row. Also lines on what was left out."""
        columns, notes = [], []
        for name in names:
            column = _column(frame[name], name, groups)
            if column is None:
                notes.append(f"Column '{name}' is left out: it is constant, empty, or text of too many values.")
            else:
                columns.append(column)
        return cls(tuple(columns)), notes

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def features(self) -> tuple[str, ...]:
        found: list[str] = []
        for column in self.columns:
            found += [column.name] if column.categories is None else [f"{column.name}={c}" for c in column.categories]
        return tuple(found)

    def transform(self, frame: Any) -> np.ndarray:
        """(rows, features) float64; NaN where a number is missing."""
        parts = []
        for column in self.columns:
            if column.categories is None:
                parts.append(_numbers(frame[column.name]).reshape(-1, 1))
            else:
                values = frame[column.name].astype(str).to_numpy(dtype=object)
                parts.append(np.stack([values == category for category in column.categories], axis=1).astype(float))
        return np.concatenate(parts, axis=1) if parts else np.empty((len(frame), 0))

    def fills(self) -> np.ndarray:
        """(features,): for what is missing."""
        values: list[float] = []
        for column in self.columns:
            values += [column.fill] if column.categories is None else [0.0] * len(column.categories)
        return np.array(values)

    def static(self) -> np.ndarray:
        """(features,): whether the feature is of one value in every series."""
        flags: list[bool] = []
        for column in self.columns:
            flags += [column.static] * (1 if column.categories is None else len(column.categories))
        return np.array(flags, dtype=bool)

    def to_json(self) -> list[dict[str, Any]]:
        return [{"name": c.name, "categories": c.categories, "fill": c.fill, "static": c.static} for c in self.columns]

    @classmethod
    def from_json(cls, values: Sequence[Mapping[str, Any]]) -> Self:
        return cls(
            tuple(
                Column(v["name"], None if v["categories"] is None else tuple(v["categories"]), v["fill"], v["static"])
                for v in values
            )
        )


def _numbers(values: Any) -> np.ndarray:
    if pandas.api.types.is_datetime64_any_dtype(values):
        days = (values - pandas.Timestamp("2000-01-01", tz=values.dt.tz)) / pandas.Timedelta(days=1)
        return np.array(days, dtype=float)
    numbers = np.array(pandas.to_numeric(values, errors="coerce"), dtype=float)
    numbers[~np.isfinite(numbers)] = np.nan
    return numbers


def _column(values: Any, name: str, groups: Any) -> Column | None:
    distinct = values.nunique(dropna=True)
    if distinct < 2:
        return None
    static = bool((values.groupby(groups).nunique(dropna=True) <= 1).all())
    numeric = pandas.api.types.is_numeric_dtype(values) or pandas.api.types.is_datetime64_any_dtype(values)
    if numeric:
        return Column(name, None, float(np.nanmedian(_numbers(values))), static)
    if distinct > MOST_CATEGORIES:
        return None
    return Column(name, tuple(sorted(values.dropna().astype(str).unique())), 0.0, static)
