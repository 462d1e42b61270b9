"""Texts: weights of words or of pieces of words, reduced to some dozens of features, and simple counts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Self

import numpy as np

from modelyard.automl.featurize.steps.step import Array, Goal, Step
from modelyard.domain.extras import LazyModule

sparse: Any = LazyModule("scipy.sparse", extra="automl", what="texts")
linalg: Any = LazyModule("scipy.sparse.linalg", extra="automl", what="texts")

_WORD = re.compile(r"\w+")
_MOST_TERMS = 3000
_FITTED_ROWS = 20_000


class Reduced(Step):
    """TF-IDF of words (or of character pieces of 2 to 4 with `pieces`), reduced by singular values."""

    kind = "tf-idf"

    def __init__(self, width: int = 24, *, pieces: bool = False, counts: bool = True) -> None:
        self._width = width
        self._pieces = pieces
        self._counts = counts
        self._terms: list[str] = []
        self._places: dict[str, int] = {}
        self._weights = np.zeros(0)
        self._axes = np.zeros((0, 0))

    def fit_transform(self, values: Array, goal: Goal) -> Array:
        stride = max(1, len(values) // _FITTED_ROWS)
        found = Counter(term for value in values[::stride] for term in set(self._split(value)))
        least = 2 if len(values) > 50 else 1
        ranked = sorted(
            (term for term, count in found.items() if count >= least), key=lambda term: (-found[term], term)
        )
        self._terms = ranked[:_MOST_TERMS]
        self._places = {term: place for place, term in enumerate(self._terms)}
        rows = len(values[::stride])
        counts = np.array([found[term] for term in self._terms], dtype=float)
        self._weights = np.log((1.0 + rows) / (1.0 + counts)) + 1.0
        self._axes = self._found_axes(values[::stride])
        return self.transform(values)

    def transform(self, values: Array) -> Array:
        found = np.zeros((len(values), self._axes.shape[1] + 3 * self._counts), dtype=np.float32)
        for row, value in enumerate(values):
            places, shares = self._shares(value)
            if len(places):
                found[row, : self._axes.shape[1]] = shares @ self._axes[places]
            if self._counts:
                text = value if isinstance(value, str) else ""
                found[row, -3:] = (len(text), text.count(" ") + bool(text), sum(map(str.isupper, text)))
        return found

    def names(self, column: str) -> list[str]:
        kind = "piece" if self._pieces else "svd"
        found = [f"{column}:{kind}{index}" for index in range(self._axes.shape[1])]
        return [*found, *(f"{column}:{name}" for name in ("length", "words", "capitals"))] if self._counts else found

    def state(self) -> dict[str, Any]:
        return {"width": self._width, "pieces": self._pieces, "counts": self._counts, "terms": self._terms,
                "weights": self._weights, "axes": self._axes.astype(np.float32)}  # fmt: skip

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> Self:
        step = cls(int(state["width"]), pieces=bool(state["pieces"]), counts=bool(state["counts"]))
        step._terms = list(state["terms"])
        step._places = {term: place for place, term in enumerate(step._terms)}
        step._weights = np.asarray(state["weights"])
        step._axes = np.asarray(state["axes"])
        return step

    def _split(self, value: Any) -> Iterator[str]:
        if not isinstance(value, str):
            return
        if not self._pieces:
            yield from (match.group() for match in _WORD.finditer(value.lower()))
            return
        for match in _WORD.finditer(value.lower()):
            word = f" {match.group()[:30]} "
            for size in (2, 3, 4):
                yield from (word[start : start + size] for start in range(len(word) - size + 1))

    def _shares(self, value: Any) -> tuple[Array, Array]:
        """Places of the terms of a text and their weights, of length 1."""
        counted = Counter(place for term in self._split(value) if (place := self._places.get(term)) is not None)
        places = np.fromiter(counted, dtype=np.int64, count=len(counted))
        weights = (1.0 + np.log(np.fromiter(counted.values(), dtype=float, count=len(counted)))) * self._weights[places]
        length = float(np.sqrt(weights @ weights)) or 1.0
        return places, weights / length

    def _found_axes(self, values: Array) -> Array:
        """(terms, width) float32: the leading singular axes."""
        if not self._terms:
            return np.zeros((0, 0), dtype=np.float32)
        split = [self._shares(value) for value in values]
        ends = np.cumsum([0, *(len(places) for places, _ in split)])
        data = np.concatenate([shares for _, shares in split])
        places = np.concatenate([places for places, _ in split])
        matrix = sparse.csr_matrix((data, places, ends), shape=(len(values), len(self._terms)))
        width = min(self._width, min(matrix.shape) - 1)
        if width < 1:
            return np.eye(len(self._terms), dtype=np.float32)[:, : self._width]
        start = np.ones(min(matrix.shape))
        _, _, axes = linalg.svds(matrix, k=width, v0=start)
        axes = axes[::-1].T
        # The sign of an axis is arbitrary: its heaviest term is positive.
        signs = np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(width)])
        return np.asarray(axes * np.where(signs == 0, 1.0, signs), dtype=np.float32)
