"""Texts as weights of their terms: words and pairs of words, or pieces of words."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, pairwise
from typing import Any, Self

import numpy as np

from modelyard.domain.extras import LazyModule

sparse: Any = LazyModule("scipy.sparse", extra="automl", what="texts")

Array = np.ndarray
_WORD = re.compile(r"\w+")
_FITTED_TEXTS = 20_000
_LONGEST_TEXT = 20_000
_FITTED_SIGNS = 1_000_000
_LEAST_TEXTS = 500
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
        sample = self.sample(words)
        least = 2 if len(sample) > 50 else 1
        found = self._piece_texts(sample) if self._pieces else self._term_texts(sample)
        ranked = sorted((-count, term) for term, count in found if count >= least)
        kept = ranked[: self._most]
        self.terms = [term for _, term in kept]
        shares = (1.0 + len(sample)) / (1.0 - np.array([count for count, _ in kept], dtype=float))
        self._weights = np.log(shares) + 1.0 if self._idf else np.ones(len(kept))
        self._index()
        return self

    def sample(self, words: Sequence[str]) -> Sequence[str]:
        """Texts evenly drawn, as many as are learnt from in a second or so."""
        most = _FITTED_TEXTS
        if self._pieces and words:
            most = min(most, max(_LEAST_TEXTS, _FITTED_SIGNS * len(words) // (1 + sum(map(len, words)))))
        return words[:: max(1, -(-len(words) // most))]

    def matrix(self, words: Sequence[str]) -> Any:
        """(texts, terms) CSR float64; rows of length 1 where a term is known."""
        found = self._known_counts(words)
        data = (1.0 + np.log(found.data)) * self._weights[found.indices]
        length = np.diff(found.indptr)
        filled = length > 0
        if self._idf and len(data):
            norms = np.sqrt(np.add.reduceat(data**2, found.indptr[:-1][filled]))
            data /= np.repeat(norms, length[filled])
        return sparse.csr_matrix((data, found.indices, found.indptr), shape=found.shape)

    def _term_texts(self, texts: Sequence[str]) -> Iterable[tuple[str, int]]:
        """Each term and the number of texts that it is in."""
        return Counter(chain.from_iterable(set(self.split(one)) for one in texts)).items()

    def _piece_texts(self, texts: Sequence[str]) -> Iterable[tuple[str, int]]:
        """The same by way of words, which come again and again."""
        by_text, words = _counted_words(texts)
        places: dict[str, int] = {}
        by_word, pieces = _counted(
            [[places.setdefault(one, len(places)) for one in _pieces(word)] for word in words], places
        )
        counts = np.bincount((by_text @ by_word).tocsr().indices, minlength=len(pieces))
        return zip(pieces, counts.tolist(), strict=True)

    def _known_counts(self, texts: Sequence[str]) -> Any:
        known = self._places
        if not self._pieces:
            split = [[place for term in self.split(one) if (place := known.get(term)) is not None] for one in texts]
            return _counted(split, known)[0]
        by_text, words = _counted_words(texts)
        split = [[place for one in _pieces(word) if (place := known.get(one)) is not None] for word in words]
        return (by_text @ _counted(split, known)[0]).tocsr()

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
        words = _words(text)
        if not self._pieces:
            return words + [f"{one} {two}" for one, two in pairwise(words)] if self._pairs else words
        return [piece for word in words for piece in _pieces(word)]

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


def _words(text: str) -> list[str]:
    return _WORD.findall(text[:_LONGEST_TEXT].lower())


def _pieces(word: str) -> list[str]:
    edged = f" {word[:30]} "
    return [edged[start : start + size] for size in _PIECES for start in range(len(edged) - size + 1)]


def _counted_words(texts: Sequence[str]) -> tuple[Any, list[str]]:
    places: dict[str, int] = {}
    return _counted([[places.setdefault(word, len(places)) for word in _words(one)] for one in texts], places)


def _counted(split: Sequence[Sequence[int]], places: Mapping[str, int]) -> tuple[Any, list[str]]:
    """(texts, terms) CSR of counts, each term once a row, and the terms in their order."""
    ends = np.cumsum([0, *map(len, split)])
    flat = np.fromiter(chain.from_iterable(split), np.int64, int(ends[-1]))
    found = sparse.csr_matrix((np.ones(len(flat)), flat, ends), shape=(len(split), len(places)))
    found.sum_duplicates()
    return found, list(places)
