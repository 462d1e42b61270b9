"""Texts: weights of terms as they are, or reduced to some dozens of features; simple counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from modelyard.automl.featurize.cells import label
from modelyard.automl.featurize.coded import Coded
from modelyard.automl.featurize.steps.step import Array, Goal, Step
from modelyard.automl.featurize.steps.terms import Terms
from modelyard.domain.extras import LazyModule

sparse: Any = LazyModule("scipy.sparse", extra="automl", what="texts")
linalg: Any = LazyModule("scipy.sparse.linalg", extra="automl", what="texts")

_TEXTS_AT_A_TIME = 4_000
_TEXTS_FOR_AXES = 6_000
_COUNTS = ("length", "words", "capitals", "digits", "marks")


class Weighted(Step):
    """A feature for each of the terms most frequent in training: TF-IDF, or presence and counts without `idf`."""

    kind = "terms"
    coded = True

    def __init__(self, most: int = 3000, *, pieces: bool = False, pairs: bool = True, idf: bool = True) -> None:
        self._terms = Terms(most, pieces=pieces, pairs=pairs, idf=idf)

    def fit_transform(self, values: Coded, goal: Goal) -> Any:
        self._terms.fit(_seen(values))
        return self.transform(values)

    def transform(self, values: Coded) -> Any:
        return _rows(self._terms.matrix(values.words), values).astype(np.float32)

    def row(self, value: Any) -> list[float]:
        found = [0.0] * len(self._terms.terms)
        for place, weight in zip(*self._terms.shares(label(value) or ""), strict=True):
            found[place] = weight
        return found

    def names(self, column: str) -> list[str]:
        return [f"{column}~{term}" for term in self._terms.terms]

    def state(self) -> dict[str, Any]:
        return {"terms": self._terms.state()}

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> Self:
        step = cls()
        step._terms = Terms.restore(state["terms"])
        return step


class Reduced(Step):
    """TF-IDF reduced by singular values (latent semantic analysis), largest first; deterministic."""

    kind = "reduced terms"
    coded = True

    def __init__(self, width: int = 24, *, most: int = 3000, pieces: bool = False, pairs: bool = False) -> None:
        self._width = width
        self._pieces = pieces
        self._terms = Terms(most, pieces=pieces, pairs=pairs)
        self._axes = np.zeros((0, 0))

    def fit_transform(self, values: Coded, goal: Goal) -> Array:
        seen = _seen(values)
        self._axes = _leading_axes(self._terms.fit(seen).matrix(_some(self._terms.sample(seen))), self._width)
        return self.transform(values)

    def transform(self, values: Coded) -> Array:
        # In parts: the weights of the pieces of many long texts fill the memory.
        parts = [
            values.words[start : start + _TEXTS_AT_A_TIME] for start in range(0, len(values.words), _TEXTS_AT_A_TIME)
        ]
        made = [np.asarray(self._terms.matrix(part) @ self._axes) for part in parts]
        by_word = np.concatenate(made) if made else np.zeros((0, self._axes.shape[1]))
        return np.asarray(values.spread(by_word, 0.0), dtype=np.float32)

    def row(self, value: Any) -> list[float]:
        places, weights = self._terms.shares(label(value) or "")
        if not places:
            return [0.0] * self._axes.shape[1]
        return list((np.array(weights) @ self._axes[places]).tolist())

    def names(self, column: str) -> list[str]:
        kind = "piece" if self._pieces else "svd"
        return [f"{column}:{kind}{index}" for index in range(self._axes.shape[1])]

    def state(self) -> dict[str, Any]:
        axes = self._axes.astype(np.float32)
        return {"width": self._width, "pieces": self._pieces, "terms": self._terms.state(), "axes": axes}

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> Self:
        step = cls(int(state["width"]), pieces=bool(state["pieces"]))
        step._terms = Terms.restore(state["terms"])
        step._axes = np.asarray(state["axes"], dtype=np.float64)
        return step


class Counted(Step):
    """How long a text is, and what it is made of."""

    kind = "text counts"
    coded = True

    def fit_transform(self, values: Coded, goal: Goal) -> Array:
        return self.transform(values)

    def transform(self, values: Coded) -> Array:
        by_word = np.array([_counts(word) for word in values.words]).reshape(len(values.words), len(_COUNTS))
        return np.asarray(values.spread(by_word, 0.0), dtype=np.float32)

    def row(self, value: Any) -> list[float]:
        return _counts(label(value) or "")

    def names(self, column: str) -> list[str]:
        return [f"{column}:{name}" for name in _COUNTS]

    def state(self) -> dict[str, Any]:
        return {}

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> Self:
        return cls()


def _counts(text: str) -> list[float]:
    if not text:
        return [0.0] * len(_COUNTS)
    capitals = sum(map(str.isupper, text))
    digits = sum(map(str.isdigit, text))
    marks = sum(not one.isalnum() and not one.isspace() for one in text)
    return [float(count) for count in (len(text), len(text.split()), capitals, digits, marks)]


def _seen(values: Coded) -> list[str]:
    """Words that stand in some row, in a settled order."""
    return sorted(word for word, count in zip(values.words, values.counts().tolist(), strict=True) if count)


def _some(texts: Sequence[str]) -> Sequence[str]:
    """Enough of them for axes."""
    return texts[:: -(-len(texts) // _TEXTS_FOR_AXES)] if texts else texts


def _rows(by_word: Any, values: Coded) -> Any:
    """(rows, terms) CSR of (words, terms); an empty row where the value is missing."""
    padded = sparse.vstack([by_word, sparse.csr_matrix((1, by_word.shape[1]))], format="csr")
    return padded[values.codes % padded.shape[0]]


def _leading_axes(matrix: Any, width: int) -> Array:
    """(terms, width): the leading singular axes, rounded to float32 as they are kept."""
    terms = matrix.shape[1]
    width = min(width, *matrix.shape)
    if width < 1 or not matrix.nnz:
        return np.zeros((terms, 0))
    if min(matrix.shape) <= max(width + 1, 64):
        _, _, axes = np.linalg.svd(matrix.toarray(), full_matrices=False)
        axes = axes[:width].T
    else:
        _, _, axes = linalg.svds(matrix, k=width, v0=np.ones(min(matrix.shape)))
        axes = axes[::-1].T
    # The sign of an axis is arbitrary: its heaviest term is positive.
    signs = np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    return np.asarray(axes * np.where(signs == 0, 1.0, signs), dtype=np.float32).astype(np.float64)
