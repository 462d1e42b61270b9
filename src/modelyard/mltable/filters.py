"""Row filters: `col("age") > 30 and not is_null(col("name"))`, `day >= datetime(2024, 1, 31)`.

A filter is read as a Python expression of columns, constants, comparisons, arithmetic and boolean words.
Nothing is evaluated by Python, so a filter can do nothing else.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from datetime import datetime
from typing import Any

from modelyard.domain.errors import InvalidInput, did_you_mean
from modelyard.mltable.libraries import compute, pa

Mask = Callable[[Any], Any]
_MAX_NODES = 500

_COMPARISONS = {
    ast.Eq: "equal",
    ast.NotEq: "not_equal",
    ast.Lt: "less",
    ast.LtE: "less_equal",
    ast.Gt: "greater",
    ast.GtE: "greater_equal",
}
_ARITHMETIC = {ast.Add: "add", ast.Sub: "subtract", ast.Mult: "multiply", ast.Div: "divide"}
_BITS = {ast.BitAnd: "and_kleene", ast.BitOr: "or_kleene"}


def compiled(text: str) -> Mask:
    """A function from rows to the mask of rows to keep; unknown counts as false."""
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise _refused(text, "is not an expression") from None
    if sum(1 for _ in ast.walk(tree)) > _MAX_NODES:
        raise _refused(text, "is too long")

    def mask(rows: Any) -> Any:
        try:
            found = _Evaluation(rows, text).value(tree)
            return compute.fill_null(compute.cast(found, pa.bool_()), False)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError, TypeError) as error:
            raise _refused(text, f"does not fit the columns: {str(error).splitlines()[0][:200]}") from error

    return mask


class _Evaluation:
    """One filter over one batch."""

    def __init__(self, rows: Any, text: str) -> None:
        self._rows = rows
        self._text = text

    def value(self, node: ast.AST) -> Any:
        if isinstance(node, ast.Constant) and isinstance(node.value, str | int | float | bool | None):
            return pa.scalar(node.value)
        if isinstance(node, ast.Name):
            return self._column(node.id)
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, ast.Compare):
            return self._comparison(node)
        if isinstance(node, ast.BoolOp):
            return self._all(node)
        if isinstance(node, ast.UnaryOp):
            return self._unary(node)
        if isinstance(node, ast.BinOp) and (name := (_ARITHMETIC | _BITS).get(type(node.op))):
            return compute.call_function(name, [self.value(node.left), self.value(node.right)])
        raise _refused(self._text, f"may not hold {type(node).__name__}")

    def _call(self, node: ast.Call) -> Any:
        name = node.func.id if isinstance(node.func, ast.Name) else None
        if name == "col" and len(node.args) == 1 and isinstance(node.args[0], ast.Constant):
            return self._column(str(node.args[0].value))
        if name in ("is_null", "is_valid") and len(node.args) == 1:
            return compute.call_function(name, [self.value(node.args[0])])
        if name == "datetime":
            return self._moment(node)
        raise _refused(self._text, "calls something other than col, is_null, is_valid and datetime")

    def _moment(self, node: ast.Call) -> Any:
        numbers = [item.value for item in node.args if isinstance(item, ast.Constant) and isinstance(item.value, int)]
        try:
            return pa.scalar(datetime(*numbers), pa.timestamp("us"))  # type: ignore[arg-type]
        except (TypeError, ValueError, OverflowError):
            raise _refused(self._text, "holds a datetime that is none") from None

    def _column(self, name: str) -> Any:
        known = self._rows.schema.names
        if name not in known:
            mend = did_you_mean(name, known) or f"columns: {', '.join(known[:30])}"
            raise InvalidInput(f"filter: there is no column '{name[:80]}'", field="transformations.filter", mend=mend)
        return self._rows.column(known.index(name))

    def _comparison(self, node: ast.Compare) -> Any:
        found = None
        left = node.left
        for operator, right in zip(node.ops, node.comparators, strict=True):
            one = self._compared(operator, left, right)
            found = one if found is None else compute.and_kleene(found, one)
            left = right
        return found

    def _compared(self, operator: ast.cmpop, left: ast.AST, right: ast.AST) -> Any:
        if isinstance(operator, ast.In | ast.NotIn):
            if not isinstance(right, ast.List | ast.Tuple):
                raise _refused(self._text, "needs a list after 'in'")
            values = pa.array([self.value(item).as_py() for item in right.elts])
            inside = compute.is_in(self.value(left), value_set=values)
            return inside if isinstance(operator, ast.In) else compute.invert(inside)
        name = _COMPARISONS.get(type(operator))
        if name is None:
            raise _refused(self._text, f"may not hold {type(operator).__name__}")
        return compute.call_function(name, [self.value(left), self.value(right)])

    def _all(self, node: ast.BoolOp) -> Any:
        name = "and_kleene" if isinstance(node.op, ast.And) else "or_kleene"
        found = self.value(node.values[0])
        for item in node.values[1:]:
            found = compute.call_function(name, [found, self.value(item)])
        return found

    def _unary(self, node: ast.UnaryOp) -> Any:
        if isinstance(node.op, ast.Not | ast.Invert):
            return compute.invert(self.value(node.operand))
        return compute.negate(self.value(node.operand)) if isinstance(node.op, ast.USub) else self.value(node.operand)


def _refused(text: str, what: str) -> InvalidInput:
    return InvalidInput(
        f"the filter '{text[:120]}' {what}",
        field="transformations.filter",
        mend="write comparisons of col('name') joined by and, or, not",
    )
