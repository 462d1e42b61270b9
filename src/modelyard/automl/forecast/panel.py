"""Series side by side: what a forecaster learns from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

Key: TypeAlias = tuple[str | int | float | bool, ...]
"""The values of the series columns; empty where there is one series."""


@dataclass(frozen=True)
class Series:
    """Evenly spaced, oldest first, without gaps. All arrays have `len(times)` rows."""

    key: Key
    times: np.ndarray
    """datetime64[ns]."""
    target: np.ndarray
    """float64, finite."""
    known: np.ndarray
    """(rows, columns) of what is known of the future too."""
    past: np.ndarray
    """(rows, columns) of what is known of the past alone."""

    def __len__(self) -> int:
        return len(self.times)

    def until(self, end: int) -> Series:
        """The first `end` points."""
        return replace(
            self, times=self.times[:end], target=self.target[:end], known=self.known[:end], past=self.past[:end]
        )


@dataclass(frozen=True)
class Panel:
    series: tuple[Series, ...]
    frequency: str
    """Pandas offset alias: `MS`, `W-THU`, `D`, `15min`."""
    season: int = 1
    """Points of a season; 1: none."""
    known_names: tuple[str, ...] = ()
    past_names: tuple[str, ...] = ()
    country: str | None = None
    """Two letters, of whose holidays forecasters may learn."""

    def __len__(self) -> int:
        return len(self.series)

    def without_last(self, points: int) -> Panel:
        """Each series without its last points; one that is as short as that keeps its first."""
        return replace(self, series=tuple(one.until(max(1, len(one) - points)) for one in self.series))

    def part(self, indices: Sequence[int]) -> Panel:
        return replace(self, series=tuple(self.series[index] for index in indices))


Future: TypeAlias = tuple[np.ndarray, ...]
"""For each series of a panel, (horizon, known columns) of the steps after its end."""
