"""Values of a table as JSON, short enough to show."""

from __future__ import annotations

import math
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

MAX_TEXT = 1_000
_MAX_ITEMS = 50


def cell(value: Any, depth: int = 0) -> Any:
    """`value` with JSON types: moments in ISO form, no NaN, long texts and lists cut, bytes told by their length."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None if math.isnan(value) else str(value)
    if isinstance(value, str):
        return value if len(value) <= MAX_TEXT else value[: MAX_TEXT - 1] + "…"
    if isinstance(value, bytes):
        return f"<{len(value)} bytes>"
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if depth < 3 and isinstance(value, list | tuple):
        return [cell(item, depth + 1) for item in value[:_MAX_ITEMS]]
    if depth < 3 and isinstance(value, dict):
        return {str(key): cell(item, depth + 1) for key, item in list(value.items())[:_MAX_ITEMS]}
    if isinstance(value, Decimal | timedelta):
        return str(value)
    return str(value)[:MAX_TEXT]
