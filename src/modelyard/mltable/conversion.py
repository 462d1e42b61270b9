"""Columns as the type that a definition asks for."""

from __future__ import annotations

from typing import Any

from modelyard.domain.errors import InvalidInput
from modelyard.mltable.chunks import text_of
from modelyard.mltable.definition import ColumnType
from modelyard.mltable.libraries import compute, pa

_TRUE = ("true", "yes", "y", "t", "1")
_FALSE = ("false", "no", "n", "f", "0")


def converted(values: Any, wanted: ColumnType, name: str) -> Any:
    """`values` as `wanted`; InvalidInput names the column and the value that does not fit."""
    try:
        if wanted.column_type in ("string", "stream_info"):
            return text_of(values)
        if wanted.column_type == "boolean":
            return _boolean(values, wanted)
        if wanted.column_type == "datetime":
            return _moment(values, wanted)
        if wanted.column_type == "int":
            return _integer(values)
        return compute.cast(_stripped(values), pa.float64())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, ValueError) as error:
        reason = str(error).splitlines()[0][:200]
        raise InvalidInput(
            f"column '{name}' cannot become {wanted.column_type}: {reason}", field="convert_column_types"
        ) from error


def _stripped(values: Any) -> Any:
    return compute.utf8_trim_whitespace(values) if pa.types.is_string(values.type) else values


def _integer(values: Any) -> Any:
    if pa.types.is_floating(values.type):
        return compute.cast(values, pa.int64(), safe=True)
    return compute.cast(_stripped(values), pa.int64())


def _boolean(values: Any, wanted: ColumnType) -> Any:
    if pa.types.is_boolean(values.type):
        return values
    true = {word.lower() for word in wanted.true_values or _TRUE}
    false = {word.lower() for word in wanted.false_values or _FALSE}
    other = {None: None, "error": None, "true": True, "false": False}.get(wanted.mismatch_as)
    strict = wanted.mismatch_as in (None, "error")
    return pa.array([_truth(text, true, false, other, strict) for text in text_of(values).to_pylist()], pa.bool_())


def _truth(text: str | None, true: set[str], false: set[str], other: bool | None, strict: bool) -> bool | None:
    if text is None:
        return None
    word = text.strip().lower()
    if word in true or word in false:
        return word in true
    if strict:
        raise ValueError(f"'{text[:60]}' is neither true nor false")
    return other


def _moment(values: Any, wanted: ColumnType) -> Any:
    if pa.types.is_timestamp(values.type) or pa.types.is_date(values.type):
        return compute.cast(values, pa.timestamp("us")) if not getattr(values.type, "tz", None) else values
    text = text_of(values)
    if not wanted.formats:
        return compute.cast(text, pa.timestamp("us"))
    tried = [compute.strptime(text, format=form, unit="us", error_is_null=True) for form in wanted.formats]
    found = compute.coalesce(*tried)
    failed = compute.filter(text, compute.and_(compute.is_valid(text), compute.is_null(found)))
    if len(failed):
        raise ValueError(f"'{failed[0].as_py()[:60]}' fits none of {', '.join(wanted.formats)}")
    return found
