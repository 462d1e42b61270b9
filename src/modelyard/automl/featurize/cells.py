"""One value of a table: as a number, as a label, or missing. Batches read their distinct values by these functions,
so that a row alone and a row among others are read alike."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Any

import numpy as np

NAN = math.nan
_MISSING_WORDS = frozenset(
    {"", "na", "n/a", "#n/a", "nan", "null", "none", "nil", "?", "-", "--", ".", "missing", "unknown", "<na>", "nat"}
)
_TRUTHS = {"true": 1.0, "false": 0.0}
_CURRENCY = "$€£¥₹ \u00a0\u202f'"
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")
_EUROPEAN = re.compile(r"[+-]?\d{1,3}(\.\d{3})+,\d+|[+-]?\d+,\d+")
_ACCOUNTING = re.compile(r"\((.+)\)")


def is_missing(value: Any) -> bool:
    """None, NaN, NaT and pandas' NA; a blank text too."""
    if value is None:
        return True
    if isinstance(value, str):
        return not value or value.isspace()
    try:
        return bool(value != value)
    except (TypeError, ValueError):
        # pandas' NA has no truth; an array is a value.
        return type(value).__name__ == "NAType"


def number(value: Any) -> float:
    """The number that a value is or tells (`12 %`, `1,234`, `$5`, `(7)`); NaN where it is none or infinite."""
    if isinstance(value, str):
        told = number_of_text(value)
        return _TRUTHS.get(value.strip().lower(), NAN) if told is None else told
    if value is None:
        return NAN
    if isinstance(value, np.datetime64):
        return NAN if np.isnat(value) else float(value.astype("datetime64[s]").astype(np.int64))
    try:
        told = float(value)
    except (TypeError, ValueError, OverflowError):
        return NAN
    return told if math.isfinite(told) else NAN


def number_of_text(text: str) -> float | None:
    """NaN for a text that says "missing", None for one that is no number."""
    try:
        told = float(text)
    except ValueError:
        return _dressed_number(text)
    if "_" in text:
        return None
    return told if math.isfinite(told) else NAN


def _dressed_number(text: str) -> float | None:
    bare = text.strip()
    if bare.lower() in _MISSING_WORDS:
        return NAN
    if len(bare) > 40:
        return None
    negative = _ACCOUNTING.fullmatch(bare)
    bare = "-" + negative[1] if negative else bare
    bare = bare.removesuffix("%").translate({ord(mark): None for mark in _CURRENCY})
    if _THOUSANDS.fullmatch(bare):
        bare = bare.replace(",", "")
    elif _EUROPEAN.fullmatch(bare):
        bare = bare.replace(".", "").replace(",", ".")
    try:
        told = float(bare)
    except ValueError:
        return None
    return told if math.isfinite(told) and "_" not in bare and bare[-1:].isdigit() else None


def label(value: Any) -> str | None:
    """The text that stands for a category; None where the value is missing. `1`, `1.0` and `"1"` are one label."""
    if isinstance(value, str):
        return value.strip() or None
    if is_missing(value):
        return None
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, float | np.floating | Decimal):
        return str(int(value)) if math.isfinite(value) and value == int(value) else str(float(value))
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace").strip() or None
    return str(value).strip() or None
