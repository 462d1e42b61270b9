"""How many distinct values a stream has, by the smallest hashes (k minimum values)."""

from __future__ import annotations

from typing import Any

from modelyard.mltable.chunks import text_of
from modelyard.mltable.libraries import numpy, pa, pandas

_SIZE = 4_096
_SPACE = float(1 << 64)


class DistinctCount:
    """Exact while at most 4,096 values are distinct; an unbiased estimate beyond.

    Bar-Yossef et al., "Counting distinct elements in a data stream" (2002): (k - 1) / U_k for the k-th
    smallest of hashes that are uniform in 0 to 1.
    """

    def __init__(self) -> None:
        self._smallest: Any = numpy.empty(0, dtype=numpy.uint64)
        self.exact = True

    def add(self, values: Any) -> None:
        """Count an Arrow array without nulls."""
        found = _hashes(values)
        if not self.exact:
            found = found[found < self._smallest[-1]]
        merged = numpy.unique(numpy.concatenate([self._smallest, found]))
        if len(merged) > _SIZE:
            merged, self.exact = merged[:_SIZE], False
        self._smallest = merged

    @property
    def value(self) -> int:
        if self.exact:
            return len(self._smallest)
        return round((_SIZE - 1) / (float(self._smallest[-1]) / _SPACE))


def _hashes(values: Any) -> Any:
    kind = values.type
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        plain = values.to_numpy(zero_copy_only=False)
        return pandas.util.hash_array(plain.astype("int64" if pa.types.is_integer(kind) else "float64"))
    texts = text_of(values).to_numpy(zero_copy_only=False).astype(object)
    return pandas.util.hash_array(texts, categorize=False)
