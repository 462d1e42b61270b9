"""What a column is for, told from its values; a user's word goes before."""

from __future__ import annotations

from enum import StrEnum

import numpy as np

from modelyard.automl.featurize.cells import label, number_of_text
from modelyard.automl.featurize.steps.dates import format_of
from modelyard.domain.errors import InvalidInput, did_you_mean


class Purpose(StrEnum):
    NUMERIC = "numeric"
    CATEGORICAL = "categorical"
    HIGH_CARDINALITY = "high_cardinality"
    """Strings of many values: names, codes, places."""
    DATE = "date"
    TEXT = "text"
    ID = "id"
    """One value a row, without information: left out."""
    CONSTANT = "constant"
    IGNORED = "ignored"
    """Left out by the user, or because another column says the same."""

    @property
    def is_used(self) -> bool:
        return self not in (Purpose.ID, Purpose.CONSTANT, Purpose.IGNORED)


_MOST_CATEGORIES = 50
"""Labels beyond this are of high cardinality."""
_WORDS_OF_A_TEXT = 3.5
_AZURE = {
    "numeric": Purpose.NUMERIC,
    "categorical": Purpose.CATEGORICAL,
    "categoricalhash": Purpose.HIGH_CARDINALITY,
    "datetime": Purpose.DATE,
    "text": Purpose.TEXT,
    "ignore": Purpose.IGNORED,
}


def purpose_of_name(name: str) -> Purpose:
    """Azure ML's names and ours.

    Raises:
        InvalidInput: neither.
    """
    folded = name.replace("_", "").lower()
    if folded in _AZURE:
        return _AZURE[folded]
    for purpose in Purpose:
        if purpose.value.replace("_", "") == folded:
            return purpose
    raise InvalidInput(f"'{name}' is no purpose of a column", field="column_purposes", mend=did_you_mean(name, _AZURE))


def purpose_of(values: np.ndarray) -> Purpose:
    """What an array of a column (as `InputTable` makes it) is for."""
    if values.dtype.kind == "M":
        return Purpose.DATE if len(np.unique(values[~np.isnat(values)])) > 1 else Purpose.CONSTANT
    if values.dtype.kind in "fiub":
        told = values.astype(float)
        there = told[np.isfinite(told)]
        varies = len(there) and (np.ptp(there) > 0 or len(there) < len(told))
        return Purpose.NUMERIC if varies else Purpose.CONSTANT
    return _purpose_of_objects(values)


def _purpose_of_objects(values: np.ndarray) -> Purpose:
    counts: dict[str, int] = {}
    for value in values:
        name = label(value)
        if name is not None:
            counts[name] = counts.get(name, 0) + 1
    there = sum(counts.values())
    if not counts or (len(counts) == 1 and there == len(values)):
        return Purpose.CONSTANT
    distinct = list(counts)
    sample = distinct[:: max(1, len(distinct) // 500)]
    numeric = sum(number_of_text(name) is not None for name in sample) >= 0.95 * len(sample)
    # Codes with leading zeros and the like are labels.
    coded = any(len(name) > 1 and name[0] == "0" and name.isdigit() for name in sample)
    if numeric and not coded and (len(counts) > 20 or any("." in name for name in sample)):
        return Purpose.NUMERIC
    if not numeric and format_of(np.array(sample, dtype=object)) is not None:
        return Purpose.DATE
    words = float(np.mean([name.count(" ") + 1 for name in sample]))
    if words > _WORDS_OF_A_TEXT and len(counts) > 0.2 * there and len(counts) > 20:
        return Purpose.TEXT
    if len(counts) > max(_MOST_CATEGORIES, 0.98 * there) and there > 100 and words < 2:
        return Purpose.ID
    return Purpose.CATEGORICAL if len(counts) <= _MOST_CATEGORIES else Purpose.HIGH_CARDINALITY
