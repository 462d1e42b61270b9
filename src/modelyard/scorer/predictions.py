"""Predictions of any library as JSON. What JSON has no number for (NaN, infinity) becomes null."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import orjson

_OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS


def dump(value: Any) -> bytes:
    """JSON of plain values, arrays, frames, series and mappings of them. TypeError for what has no JSON."""
    return orjson.dumps(value, default=_plain, option=_OPTIONS)


def plain(predictions: Any) -> Any:
    """Predictions as lists and objects: a frame gives one object per row, an array nested lists."""
    if isinstance(predictions, np.ndarray):
        return (
            predictions if predictions.dtype.kind in "biuf" and predictions.flags.c_contiguous else predictions.tolist()
        )
    if hasattr(predictions, "to_dict") and hasattr(predictions, "columns"):
        return predictions.to_dict(orient="records")
    if hasattr(predictions, "to_numpy"):
        return predictions.to_numpy().tolist()
    if hasattr(predictions, "toarray"):
        return predictions.toarray().tolist()
    return predictions


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, set | frozenset | tuple):
        return list(value)
    if type(value).__name__ in ("NAType", "NaTType"):
        return None
    reduced = plain(value)
    if reduced is not value:
        return reduced
    raise TypeError(f"a {type(value).__name__} has no JSON form")
