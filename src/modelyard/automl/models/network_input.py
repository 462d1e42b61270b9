"""What a network is shown of a design: scaled numbers, marks of what is missing, categories."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from modelyard.automl.featurize.design import Design

# Categories of at most so many values are shown one-hot; larger ones are learnt as vectors.
_MOST_ONE_HOT = 9
# Values beyond three spreads are drawn in smoothly (Holzmüller et al. 2024, "Better by default", RealMLP).
_BEND = 3.0


@dataclass(frozen=True)
class Shown:
    numbers: np.ndarray
    """(rows, numbers) float32, about 0"""
    fixed: np.ndarray
    """(rows, marks) float32 of 0 and 1"""
    codes: np.ndarray
    """(rows, tables) int64, to look up vectors by"""

    def rows(self, chosen: Any) -> Shown:
        return Shown(self.numbers[chosen], self.fixed[chosen], self.codes[chosen])


@dataclass(frozen=True)
class NetworkInput:
    numbers: np.ndarray
    centre: np.ndarray
    scale: np.ndarray
    gaps: np.ndarray
    """Positions in `numbers` that had gaps in training."""
    small: np.ndarray
    small_counts: np.ndarray
    large: np.ndarray
    large_counts: np.ndarray

    @classmethod
    def of(cls, design: Design) -> Self:
        matrix = design.matrix
        categorical = np.array(design.categorical, dtype=np.int64)
        counts = np.array(design.cardinalities, dtype=np.int64)
        numbers = np.setdiff1d(np.arange(matrix.shape[1]), categorical)
        values = matrix[:, numbers]
        sampled = values[:: max(1, len(values) // 20_000)]
        low, middle, high, floor, top = _quantiles(sampled)
        half = high - low
        # A feature that is mostly one value: its whole range, as its quartiles are the same.
        scale = np.where(half > 0, half / 1.35, np.where(top > floor, (top - floor) / 2, 1.0))
        few = counts <= _MOST_ONE_HOT
        gaps = np.flatnonzero(np.isnan(values).any(axis=0))
        return cls(numbers, middle, scale.astype(np.float32), gaps, categorical[few], counts[few], categorical[~few],
                   counts[~few])  # fmt: skip

    @property
    def marks(self) -> int:
        return len(self.gaps) + int(self.small_counts.sum()) + len(self.small_counts)

    def shown(self, design: Design) -> Shown:
        matrix = design.matrix
        values = (matrix[:, self.numbers] - self.centre) / self.scale
        missing = np.isnan(values)
        values = np.where(missing, 0.0, np.clip(values, -1e4, 1e4))
        values = values / np.sqrt(1.0 + (values / _BEND) ** 2)
        fixed = np.zeros((len(matrix), self.marks), dtype=np.float32)
        fixed[:, : len(self.gaps)] = missing[:, self.gaps]
        start, rows = len(self.gaps), np.arange(len(matrix))
        for feature, count in zip(self.small, self.small_counts, strict=True):
            fixed[rows, start + _coded(matrix[:, feature], count)] = 1.0
            start += count + 1
        pairs = zip(self.large, self.large_counts, strict=True)
        codes = [_coded(matrix[:, feature], count) for feature, count in pairs]
        return Shown(values.astype(np.float32), fixed,
                     np.stack(codes, axis=1) if codes else np.zeros((len(matrix), 0), dtype=np.int64))  # fmt: skip

    def state(self) -> dict[str, Any]:
        return dict(vars(self))

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> Self:
        return cls(**{key: np.asarray(value) for key, value in state.items()})


def _quantiles(values: np.ndarray) -> np.ndarray:
    found = np.zeros((5, values.shape[1]), dtype=np.float32)
    for index, column in enumerate(values.T):
        known = column[~np.isnan(column)]
        if len(known):
            found[:, index] = np.quantile(known, [0.25, 0.5, 0.75, 0.0, 1.0])
    return found


def _coded(column: np.ndarray, count: int) -> np.ndarray:
    """Missing and unseen codes share the last place."""
    codes = np.nan_to_num(column, nan=float(count)).astype(np.int64)
    return np.minimum(np.where(codes < 0, count, codes), count)
