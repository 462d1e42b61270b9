"""Texts as weights of their terms: words and pairs of words, or pieces of words."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Self

import numpy as np

from modelyard.domain.extras import LazyModule

sparse: Any = LazyModule("scipy.sparse", extra="automl", what="texts")

Array = np.ndarray
_WORD = re.compile(r"\w+")
_FITTED_TEXTS = 20_000
_LONGEST_TEXT = 20_000
_PIECES = (2, 3, 4)


class Terms:
    """Terms known from training and their inverse frequencies (TF-IDF as scikit-learn smooths it, sublinear counts).

    With `pieces`, of words with their edges, 2 to 4 characters; else words and, with `pairs`, two words in a row.
    """

    def __init__(self, most: int, *, pieces: bool = False, pairs: bool = False, idf: bool = True) -> None:
        self._most = most
        self._pieces = pieces
        self._pairs = pairs
        self._idf = idf
        self.terms: list[str] = []
        self._places: dict[str, int] = {}
        self._weights = np.zeros(0)

    def fit(self, words: Sequence[str]) -> Self:
        sample = words[:: max(1, len(words) // _FITTED_TEXTS)]
        found = Counter(term for text in sample for term in set(self.split(text)))
        least = 2 if len(sample) > 50 else 1
        ranked = sorted((-count, term) for term, count in found.items() if count >= least)[: self._most]
        counts = np.array([-count for count, _ in ranked], dtype=float)
        self.terms = [term for _, term in ranked]
        self._weights = np.log((1.0 + len(sample)) / (1.0 + counts)) + 1.0 if self._idf else np.ones(len(counts))
        self._index()
        return self

    def matrix(self, words: Iterable[str]) -> Any:
        """(texts, terms) CSR float64; rows of length 1 where a term is known."""
        known, ends = self._places, [0]
        places: list[int] = []
        counts: list[int] = []
        for text in words:
            counted = Counter(place for term in self.split(text) if (place := known.get(term)) is not None)
            places += counted.keys()
            counts += counted.values()
            ends.append(len(places))
        data: Array = (1.0 + np.log(np.array(counts, dtype=float))) * self._weights[np.array(places, dtype=np.int64)]
        starts, length = np.array(ends[:-1]), np.diff(ends)
        filled = length > 0
        if self._idf and len(data):
            norms = np.sqrt(np.add.reduceat(data**2, starts[filled]))
            data /= np.repeat(norms, length[filled])
        return sparse.csr_matrix((data, np.array(places, dtype=np.int64), ends), shape=(len(ends) - 1, len(self.terms)))

    def shares(self, text: str) -> tuple[list[int], list[float]]:
        """One row of `matrix`: places and their weights."""
        known = self._places
        counted = Counter(place for term in self.split(text) if (place := known.get(term)) is not None)
        weights = [(1.0 + math.log(count)) * float(self._weights[place]) for place, count in counted.items()]
        if self._idf and weights:
            length = math.sqrt(sum(weight * weight for weight in weights))
            weights = [weight / length for weight in weights]
        return list(counted), weights

    def split(self, text: str) -> list[str]:
        words = _WORD.findall(text[:_LONGEST_TEXT].lower())
        if not self._pieces:
            return words + [f"{one} {two}" for one, two in pairwise(words)] if self._pairs else words
        found = []
        for word in words:
            edged = f" {word[:30]} "
            for size in _PIECES:
                found += [edged[start : start + size] for start in range(len(edged) - size + 1)]
        return found

    def state(self) -> dict[str, Any]:
        return {"most": self._most, "pieces": self._pieces, "pairs": self._pairs, "idf": self._idf,
                "terms": self.terms, "weights": self._weights}  # fmt: skip

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> Self:
        made = cls(int(state["most"]), pieces=bool(state["pieces"]), pairs=bool(state["pairs"]), idf=bool(state["idf"]))
        made.terms = list(state["terms"])
        made._weights = np.asarray(state["weights"], dtype=float)
        made._index()
        return made

    def _index(self) -> None:
        self._places = {term: place for place, term in enumerate(self.terms)}
