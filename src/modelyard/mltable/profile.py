"""What a table holds, column by column, in one pass and bounded memory.

Counts, missing values, minimum, maximum, mean and standard deviation are exact. Distinct values are exact
up to 4,096 and estimated beyond (k minimum values, relative error about 1.6 %); quantiles and the histogram are
of a uniform sample of 20,000 values; top values are exact while a column has at most 5,000 distinct values.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from modelyard.domain.entity import Part
from modelyard.mltable.cells import cell
from modelyard.mltable.chunks import text_of
from modelyard.mltable.distinct import DistinctCount
from modelyard.mltable.libraries import compute, numpy, pa
from modelyard.mltable.table import MLTable

if TYPE_CHECKING:
    from pyarrow import RecordBatch

SAMPLE_SIZE = 20_000
_QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
_BINS = 20
_TOP = 10
_MAX_COUNTED = 5_000
_MAX_COLUMNS = 500


class TopValue(Part):
    """A frequent value and how often it is there."""

    value: Any = None
    count: int


class Bin(Part):
    """Values from `low` up to `high`; the last bin holds its `high` too."""

    low: float
    high: float
    count: int


class ColumnProfile(Part):
    """One column. Statistics of numbers are left out for other types; lengths stand for those of text."""

    name: str
    type: str
    count: int
    missing: int
    distinct: int
    distinct_exact: bool = True
    min: Any = None
    max: Any = None
    mean: float | None = None
    std: float | None = None
    """Of the sample, with n - 1."""
    quantiles: dict[str, float] | None = None
    histogram: list[Bin] | None = None
    top_values: list[TopValue] | None = None
    top_exact: bool = True


class DataProfile(Part):
    """All columns; `truncated` when `max_rows` or the bound on columns stopped it."""

    row_count: int
    columns: list[ColumnProfile]
    truncated: bool = False


def profile(table: MLTable, max_rows: int | None = None) -> DataProfile:
    """The profile of `table`, or of its first `max_rows` rows."""
    return table.read(lambda batches: _profiled(batches, max_rows))


def _profiled(batches: Iterator[RecordBatch], max_rows: int | None) -> DataProfile:
    # Numbers near the ends of their range overflow a statistic, which is then left out.
    with numpy.errstate(over="ignore", invalid="ignore"):
        return _gathered(batches, max_rows)


def _gathered(batches: Iterator[RecordBatch], max_rows: int | None) -> DataProfile:
    columns: dict[str, _Column] = {}
    rows, truncated = 0, False
    for batch in batches:
        if max_rows is not None and rows + batch.num_rows > max_rows:
            batch, truncated = batch.slice(0, max_rows - rows), True
        for field, values in zip(batch.schema, batch.columns, strict=True):
            if field.name not in columns and len(columns) >= _MAX_COLUMNS:
                truncated = True
                continue
            columns.setdefault(field.name, _Column(field.name)).add(values)
        rows += batch.num_rows
        if truncated and max_rows is not None and rows >= max_rows:
            break
    return DataProfile(
        row_count=rows, columns=[column.profile(rows) for column in columns.values()], truncated=truncated
    )


class _Column:
    """What has been seen of one column."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._type: Any = pa.null()
        self._valid = 0
        self._distinct = DistinctCount()
        self._counts: Counter[Any] = Counter()
        self._counting = True
        self._low: Any = None
        self._high: Any = None
        self._moments = _Moments()
        self._sample = _Sample(SAMPLE_SIZE)

    def add(self, values: Any) -> None:
        present = _without_nan(compute.drop_null(values))
        if pa.types.is_null(self._type):
            self._type = values.type
        elif values.type != self._type and not pa.types.is_null(values.type):
            self._type = pa.float64() if _numeric(values.type) and _numeric(self._type) else pa.string()
        if len(present) == 0:
            return
        self._valid += len(present)
        comparable = present if _simple(present.type) else text_of(present)
        self._count(comparable)
        self._bounds(comparable)
        if _numeric(present.type):
            numbers = compute.cast(present, pa.float64(), safe=False).to_numpy(zero_copy_only=False)
            finite = numbers[numpy.isfinite(numbers)]
            self._moments.add(finite)
            self._sample.add(finite)

    def _count(self, values: Any) -> None:
        counted = compute.value_counts(values)
        uniques = counted.field("values")
        self._distinct.add(uniques)
        if self._counting:
            pairs = zip(uniques.to_pylist(), counted.field("counts").to_pylist(), strict=True)
            for value, count in pairs:
                self._counts[value] += count
            if len(self._counts) > _MAX_COUNTED:
                self._counts = Counter(dict(self._counts.most_common(_MAX_COUNTED // 2)))
                self._counting = False

    def _bounds(self, values: Any) -> None:
        try:
            found = compute.min_max(values)
        except pa.ArrowNotImplementedError:
            return
        low, high = found["min"].as_py(), found["max"].as_py()
        try:
            self._low = low if self._low is None else min(self._low, low)
            self._high = high if self._high is None else max(self._high, high)
        except TypeError:
            # The column changed from numbers to text between files.
            self._low = self._high = None

    def profile(self, rows: int) -> ColumnProfile:
        numeric = _numeric(self._type)
        return ColumnProfile(
            name=self._name,
            type=str(self._type),
            count=self._valid,
            missing=rows - self._valid,
            distinct=min(self._distinct.value, self._valid),
            distinct_exact=self._distinct.exact,
            min=cell(self._low),
            max=cell(self._high),
            mean=self._moments.mean if numeric else None,
            std=self._moments.std if numeric else None,
            quantiles=self._sample.quantiles() if numeric else None,
            histogram=self._sample.histogram(self._moments) if numeric else None,
            top_values=self._top(),
            top_exact=self._counting,
        )

    def _top(self) -> list[TopValue] | None:
        """Of a column with very many values only those that were met more than once say something."""
        frequent = [(value, n) for value, n in self._counts.most_common(_TOP) if self._counting or n > 1]
        return [TopValue(value=cell(value), count=n) for value, n in frequent] or None


class _Moments:
    """Mean and variance by Chan's merge of batches; also the finite bounds."""

    def __init__(self) -> None:
        self.count = 0
        self._mean = 0.0
        self._squares = 0.0
        self.low = math.inf
        self.high = -math.inf

    def add(self, numbers: Any) -> None:
        n = len(numbers)
        if n == 0:
            return
        mean = float(numbers.mean())
        delta = mean - self._mean
        total = self.count + n
        self._squares += float(((numbers - mean) ** 2).sum()) + delta * delta * self.count * n / total
        self._mean += delta * n / total
        self.count = total
        self.low = min(self.low, float(numbers.min()))
        self.high = max(self.high, float(numbers.max()))

    @property
    def mean(self) -> float | None:
        return self._mean if self.count and math.isfinite(self._mean) else None

    @property
    def std(self) -> float | None:
        if self.count < 2 or not math.isfinite(self._squares):
            return None
        return math.sqrt(self._squares / (self.count - 1))


class _Sample:
    """A uniform sample of a stream: each value keeps the smallest of random keys (the same for the same data)."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._random = numpy.random.default_rng(0)
        self._keys = numpy.empty(0)
        self._values = numpy.empty(0)

    def add(self, numbers: Any) -> None:
        keys = numpy.concatenate([self._keys, self._random.random(len(numbers))])
        values = numpy.concatenate([self._values, numbers])
        if len(keys) > self._size:
            kept = numpy.argpartition(keys, self._size)[: self._size]
            keys, values = keys[kept], values[kept]
        self._keys, self._values = keys, values

    def quantiles(self) -> dict[str, float] | None:
        if not len(self._values):
            return None
        found = numpy.quantile(self._values, _QUANTILES)
        return {f"{q:g}": float(value) for q, value in zip(_QUANTILES, found, strict=True) if math.isfinite(value)}

    def histogram(self, moments: _Moments) -> list[Bin] | None:
        """Counts of the sample scaled to all values."""
        if not len(self._values):
            return None
        low, high = moments.low, moments.high
        if not math.isfinite(high - low):
            return None
        counts, edges = numpy.histogram(self._values, bins=_BINS if high > low else 1, range=(low, high))
        scale = moments.count / len(self._values)
        return [
            Bin(low=float(a), high=float(b), count=round(float(n) * scale))
            for a, b, n in zip(edges, edges[1:], counts, strict=False)
        ]


def _numeric(kind: Any) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def _simple(kind: Any) -> bool:
    return not (pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_dictionary(kind))


def _without_nan(values: Any) -> Any:
    return values.filter(compute.invert(compute.is_nan(values))) if pa.types.is_floating(values.type) else values
