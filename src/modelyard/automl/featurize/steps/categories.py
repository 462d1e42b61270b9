"""Categories: codes, indicators, frequencies, and their order."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from modelyard.automl.featurize.cells import label, number
from modelyard.automl.featurize.coded import MISSING, Coded
from modelyard.automl.featurize.steps.levels import Levels
from modelyard.automl.featurize.steps.step import Array, Goal, Step
from modelyard.domain.extras import LazyModule

sparse: Any = LazyModule("scipy.sparse", extra="automl", what="sparse designs")

_DENSE_WIDTH = 30
_MOST_ANCHORS = 5_000


class Codes(Step):
    """One feature of codes: 0 for what is rare or new, NaN for missing."""

    kind = "codes"
    coded = True

    def __init__(self, most: int = 1000) -> None:
        self._most = most
        self._levels = Levels([], [])

    def fit_transform(self, values: Coded, goal: Goal) -> Array:
        self._levels = Levels.of(values, self._most)
        return self.transform(values)

    def transform(self, values: Coded) -> Array:
        found = self._levels.numbers(values).astype(np.float32)
        found[found == MISSING] = np.nan
        return found[:, None]

    def row(self, value: Any) -> list[float]:
        found = self._levels.number(label(value))
        return [math.nan if found == MISSING else float(found)]

    def names(self, column: str) -> list[str]:
        return [column]

    def codes(self) -> list[tuple[int, int]]:
        return [(0, len(self._levels.names) + 1)]

    def state(self) -> dict[str, Any]:
        return {"most": self._most, "levels": self._levels.state()}

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> Self:
        step = cls(int(state["most"]))
        step._levels = Levels.restore(state["levels"])
        return step


class OneHot(Step):
    """An indicator for each of the most frequent categories, one for the others, one for missing where there were."""

    kind = "one-hot"
    coded = True

    def __init__(self, most: int = 50) -> None:
        self._most = most
        self._levels = Levels([], [])
        self._missing = False

    def fit_transform(self, values: Coded, goal: Goal) -> Any:
        self._levels = Levels.of(values, self._most)
        self._missing = bool((values.codes == MISSING).any())
        return self.transform(values)

    def transform(self, values: Coded) -> Any:
        numbers = self._levels.numbers(values)
        width = self._width
        numbers = np.where(numbers == MISSING, width - 1 if self._missing else 0, numbers)
        if width <= _DENSE_WIDTH:
            found = np.zeros((len(numbers), width), dtype=np.float32)
            found[np.arange(len(numbers)), numbers] = 1.0
            return found
        ones = np.ones(len(numbers), dtype=np.float32)
        return sparse.csr_matrix((ones, numbers, np.arange(len(numbers) + 1)), shape=(len(numbers), width))

    def row(self, value: Any) -> list[float]:
        place = self._levels.number(label(value))
        found = [0.0] * self._width
        found[(self._width - 1 if self._missing else 0) if place == MISSING else place] = 1.0
        return found

    def names(self, column: str) -> list[str]:
        found = [f"{column}:other", *(f"{column}={name}" for name in self._levels.names)]
        return [*found, f"{column}:missing"] if self._missing else found

    def state(self) -> dict[str, Any]:
        return {"most": self._most, "levels": self._levels.state(), "missing": self._missing}

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> Self:
        step = cls(int(state["most"]))
        step._levels = Levels.restore(state["levels"])
        step._missing = bool(state["missing"])
        return step

    @property
    def _width(self) -> int:
        return len(self._levels.names) + 1 + self._missing


class Frequency(Step):
    """The logarithm of how often a category was seen."""

    kind = "frequency"
    coded = True

    def __init__(self, most: int = 100_000) -> None:
        self._most = most
        self._levels = Levels([], [])
        self._table = np.zeros(2)

    def fit_transform(self, values: Coded, goal: Goal) -> Array:
        self._levels = Levels.of(values, self._most)
        self._read()
        return self.transform(values)

    def transform(self, values: Coded) -> Array:
        return np.asarray(self._table[self._levels.numbers(values) + 1][:, None], dtype=np.float32)

    def row(self, value: Any) -> list[float]:
        return [float(self._table[self._levels.number(label(value)) + 1])]

    def names(self, column: str) -> list[str]:
        return [f"{column}:frequency"]

    def state(self) -> dict[str, Any]:
        return {"most": self._most, "levels": self._levels.state()}

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> Self:
        step = cls(int(state["most"]))
        step._levels = Levels.restore(state["levels"])
        step._read()
        return step

    def _read(self) -> None:
        self._table = np.array([np.nan, 0.0, *np.log1p(self._levels.counts)])


class Ordered(Step):
    """The place of a label in the order of the labels seen; numbers before texts, and texts by their letters.

    Codes are mostly given in some order (postcodes by place, product codes by family), and neighbours have beginnings
    in common: a tree that cuts here groups labels it has never seen with their neighbours.
    """

    kind = "order"
    coded = True

    def __init__(self) -> None:
        self._anchors: list[str] = []
        self._keys: list[tuple[float, str]] = []

    def fit_transform(self, values: Coded, goal: Goal) -> Array:
        counts = values.counts()
        there = sorted((word for word, count in zip(values.words, counts, strict=True) if count), key=_order)
        self._anchors = there[:: max(1, -(-len(there) // _MOST_ANCHORS))]
        self._keys = [_order(word) for word in self._anchors]
        return self.transform(values)

    def transform(self, values: Coded) -> Array:
        by_word = np.array([bisect_left(self._keys, _order(word)) for word in values.words], dtype=np.float32)
        return np.asarray(values.spread(by_word, np.nan)[:, None])

    def row(self, value: Any) -> list[float]:
        word = label(value)
        return [math.nan if word is None else float(bisect_left(self._keys, _order(word)))]

    def names(self, column: str) -> list[str]:
        return [f"{column}:order"]

    def state(self) -> dict[str, Any]:
        return {"anchors": self._anchors}

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> Self:
        step = cls()
        step._anchors = list(state["anchors"])
        step._keys = [_order(word) for word in step._anchors]
        return step


def _order(word: str) -> tuple[float, str]:
    told = number(word) if word[0] in "0123456789" else math.nan
    return (math.inf, word) if told != told else (told, "")
