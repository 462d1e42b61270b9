"""The categories of a column, numbered by how often they were seen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from modelyard.automl.featurize.coded import MISSING, Coded

Array = np.ndarray
RARE = 0
LEAST_ROWS = 2
"""Of a category that has a code of its own; rarer ones share a code with those never seen."""


class Levels:
    """Labels and their numbers from 1, most frequent first; 0 for rare and unseen ones, -1 for missing."""

    def __init__(self, names: list[str], counts: list[int]) -> None:
        self.names = names
        self.counts = counts
        self._number = {name: index + 1 for index, name in enumerate(names)}

    @classmethod
    def of(cls, values: Coded, most: int, least: int = LEAST_ROWS) -> Self:
        counts = values.counts().tolist()
        there = [(-count, word) for word, count in zip(values.words, counts, strict=True) if count]
        ranked = sorted(there)
        kept = [one for one in ranked if -one[0] >= least][:most] or ranked[:1]
        return cls([word for _, word in kept], [-count for count, _ in kept])

    def number(self, word: str | None) -> int:
        return MISSING if word is None else self._number.get(word, RARE)

    def numbers(self, values: Coded) -> Array:
        """(rows,) int64."""
        known = self._number
        by_word = np.fromiter((known.get(word, RARE) for word in values.words), np.int64, len(values.words))
        return np.asarray(values.spread(by_word, MISSING))

    def state(self) -> dict[str, Any]:
        return {"names": self.names, "counts": self.counts}

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> Self:
        return cls(list(state["names"]), [int(count) for count in state["counts"]])
