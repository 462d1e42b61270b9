"""Amounts of bytes as people write them."""

from __future__ import annotations

import re
from typing import Any

_SIZE = re.compile(r"^(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[kmgt]?)(?:i?b)?$", re.IGNORECASE)
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


def byte_count(value: Any) -> int:
    """A number of bytes, or a text such as `2g`; ValueError for anything else."""
    match = _SIZE.match(str(value).strip())
    if match is None:
        raise ValueError(f"'{value}' is not a size")
    return int(float(match["number"]) * _UNITS[match["unit"].lower()])
