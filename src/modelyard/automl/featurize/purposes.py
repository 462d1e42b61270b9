"""What a column is for, told from its values; a user's word goes before."""

from __future__ import annotations

import re
from enum import StrEnum

import numpy as np

from modelyard.automl.featurize.cells import number_of_text
from modelyard.automl.featurize.coded import Coded
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

    @property
    def is_label(self) -> bool:
        return self in (Purpose.CATEGORICAL, Purpose.HIGH_CARDINALITY, Purpose.TEXT)


_MOST_CATEGORIES = 50
"""Labels beyond this are of high cardinality."""
_WORDS_OF_A_TEXT = 3.5
_LEAST_KEYS = 50
_KEY_NAME = re.compile(r"(?i:(^|[_\W])(id|uuid|guid|key|index|row_?(nr|no|num|number)?)$|^unnamed: 0$)|[a-z]I[dD]$")
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


def purpose_of(values: np.ndarray | Coded) -> Purpose:
    """What a column is for; labels and texts come coded."""
    if isinstance(values, Coded):
        return _purpose_of_words(values)
    if values.dtype.kind == "M":
        return Purpose.DATE if len(np.unique(values[~np.isnat(values)])) > 1 else Purpose.CONSTANT
    there = values[np.isfinite(values)]
    if not len(there) or (len(there) == len(values) and there.min() == there.max()):
        return Purpose.CONSTANT
    return Purpose.NUMERIC


def _purpose_of_words(values: Coded) -> Purpose:
    counts = values.counts()
    distinct = [word for word, count in zip(values.words, counts.tolist(), strict=True) if count]
    there = int(counts.sum())
    if not distinct or (len(distinct) == 1 and there == len(values)):
        return Purpose.CONSTANT
    sample = distinct[:: max(1, len(distinct) // 500)]
    numeric = sum(number_of_text(word) is not None for word in sample) >= 0.95 * len(sample)
    if numeric and not _are_codes(sample) and (len(distinct) > 20 or any("." in word for word in sample)):
        return Purpose.NUMERIC
    if not numeric and format_of(sample) is not None:
        return Purpose.DATE
    words = float(np.mean([word.count(" ") + 1 for word in sample]))
    if words > _WORDS_OF_A_TEXT and len(distinct) > 0.2 * there and len(distinct) > 20:
        return Purpose.TEXT
    few = len(distinct) <= _MOST_CATEGORIES and (len(distinct) <= 20 or len(distinct) < 0.5 * there)
    return Purpose.CATEGORICAL if few else Purpose.HIGH_CARDINALITY


def _are_codes(sample: list[str]) -> bool:
    """Digits that name something: all of one length of three or more, or with zeros in front (one may be lost, as
    spreadsheets lose them)."""
    digits = [word for word in sample if word.isdigit()]
    if len(digits) < 0.95 * len(sample):
        return False
    if any(len(word) > 1 and word[0] == "0" for word in digits):
        return True
    lengths = sorted(map(len, digits))
    usual = lengths[len(lengths) // 2]
    return 3 <= usual <= 12 and sum(usual - 1 <= length <= usual for length in lengths) >= 0.97 * len(lengths)


def is_key(name: str, values: np.ndarray | Coded) -> bool:
    """Each row has a value of its own, and the name or the values look like those of a key."""
    if isinstance(values, Coded):
        rows = len(values)
        unique = len(values.words) == rows and bool((values.codes >= 0).all())
        return unique and rows > _LEAST_KEYS and not any(" " in word for word in values.words[:50])
    if values.dtype.kind != "f" or len(values) <= _LEAST_KEYS or not np.isfinite(values).all():
        return False
    if (values != np.floor(values)).any() or len(np.unique(values)) < len(values):
        return False
    return bool(_KEY_NAME.search(name)) or np.ptp(values) == len(values) - 1


def tells(values: np.ndarray | Coded, target: np.ndarray, *, classes: bool) -> bool:
    """Whether the order of a column's values says more of the target than chance: rank correlation of the column
    with the target, or of groups of neighbours with its classes, beyond what a random order reaches."""
    ranks = np.argsort(np.argsort(values.words, kind="stable"))[values.codes] if isinstance(values, Coded) else values
    ordered = target[np.argsort(ranks, kind="stable")]
    bins = max(2, min(20, len(ordered) // 50))
    if classes:
        shares = np.bincount(ordered) / len(ordered)
        parts = [np.bincount(part, minlength=len(shares)) for part in np.array_split(ordered, bins)]
        expected = [part.sum() * shares[shares > 0] for part in parts]
        chi = sum(float(((part[shares > 0] - own) ** 2 / own).sum()) for part, own in zip(parts, expected, strict=True))
        free = (bins - 1) * max(1, int((shares > 0).sum()) - 1)
        return chi > free + 8.0 * float(np.sqrt(2.0 * free))
    placed = np.argsort(np.argsort(ordered, kind="stable")).astype(float)
    means = np.array([part.mean() for part in np.array_split(placed, bins)])
    expected_variance = placed.var() / (len(placed) / bins)
    return bool(means.var(ddof=1) > expected_variance * (1.0 + 8.0 * np.sqrt(2.0 / (bins - 1))))
