"""Columns of labels and texts: each distinct one once, and its place in every row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from modelyard.automl.featurize.cells import label

Array = np.ndarray
MISSING = -1


@dataclass(frozen=True)
class Coded:
    """`words[codes[row]]` is what stands in a row; a code of -1 where it is missing."""

    codes: Array
    """(rows,) int64."""
    words: list[str]

    @classmethod
    def of(cls, values: Any) -> Self:
        """Of an array of any kind; values of one label are one word."""
        if len(values) == 1:
            word = label(values[0])
            return cls(np.array([MISSING if word is None else 0]), [] if word is None else [word])
        raw, distinct = _factorized(values)
        words: dict[str, int] = {}
        place = np.full(len(distinct) + 1, MISSING, dtype=np.int64)
        for index, value in enumerate(distinct):
            word = label(value)
            if word is not None:
                place[index] = words.setdefault(word, len(words))
        return cls(place[raw], list(words))

    def __len__(self) -> int:
        return len(self.codes)

    def counts(self) -> Array:
        """(words,): rows of each."""
        return np.asarray(np.bincount(self.codes + 1, minlength=len(self.words) + 1)[1:])

    def spread(self, by_word: Array, missing: Any) -> Array:
        """(rows, ...): what `by_word` holds of each row's word."""
        filler = np.full((1, *by_word.shape[1:]), missing, dtype=by_word.dtype)
        return np.asarray(np.concatenate([by_word, filler])[self.codes])


def _factorized(values: Any) -> tuple[Array, list[Any]]:
    if values.dtype.kind != "O":
        distinct, raw = np.unique(values, return_inverse=True)
        return raw, list(distinct) if values.dtype.kind == "M" else distinct.tolist()
    known: dict[Any, int] = {}
    try:
        raw = np.fromiter((known.setdefault(value, len(known)) for value in values), np.int64, len(values))
        # True, 1 and 1.0 are one key: a column that mixes them is told apart by its texts.
        if not any(isinstance(value, bool) for value in known):
            return raw, list(known)
    except TypeError:
        pass
    texts: dict[str, int] = {}
    told = [label(value) for value in values]
    raw = np.fromiter((-1 if one is None else texts.setdefault(one, len(texts)) for one in told), np.int64, len(told))
    return raw, list(texts)
