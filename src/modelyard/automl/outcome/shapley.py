"""Shapley values of any model by sampled orders of its columns.

Strumbelj & Kononenko 2014 ("Explaining prediction models and individual predictions with feature contributions"),
with each order also taken backwards (Mitchell et al. 2022, antithetic sampling). The players are the table's columns,
so whatever featurization lies between is explained with the model. What is missing is drawn from other rows.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import numpy as np

Arrays = Mapping[str, np.ndarray]
Function = Callable[[Arrays], np.ndarray]
_ROWS_A_CALL = 50_000


def sampled_contributions(
    function: Function, arrays: Arrays, chosen: np.ndarray, *, seconds: float, most_orders: int = 16, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, int]:
    """(rows, columns, outputs) contributions for the rows `chosen`, their (outputs,) base, and the orders drawn a row.

    `function` takes arrays of columns and returns (rows, outputs). Along the columns, contributions and base add up
    to its value but for the sampling of the base. At least one order and its reverse are taken; no more are begun
    when `seconds` have passed.
    """
    draw = np.random.default_rng(seed)
    names = tuple(arrays)
    end = time.monotonic() + seconds
    total: np.ndarray | None = None
    base: np.ndarray | None = None
    pairs = 0
    while pairs < max(1, most_orders // 2) and (pairs == 0 or time.monotonic() < end):
        orders = draw.permuted(np.tile(np.arange(len(names)), (len(chosen), 1)), axis=1)
        others = draw.integers(0, len(arrays[names[0]]), len(chosen))
        for ranks in (orders, len(names) - 1 - orders):
            steps = _walk(function, arrays, chosen, others, ranks)
            gains = np.take_along_axis(np.diff(steps, axis=1), ranks[:, :, None], axis=1)
            total = gains if total is None else total + gains
            base = steps[:, 0].mean(axis=0) if base is None else base + steps[:, 0].mean(axis=0)
        pairs += 1
    assert total is not None
    assert base is not None
    return total / (2 * pairs), base / (2 * pairs), 2 * pairs


def _walk(function: Function, arrays: Arrays, rows: np.ndarray, others: np.ndarray, ranks: np.ndarray) -> np.ndarray:
    """(rows, columns + 1, outputs): the function on the way from another row to this one, a column at a time.

    `ranks[row, column]` says when a column's own value comes in.
    """
    steps = np.arange(ranks.shape[1] + 1)
    at_once = max(1, _ROWS_A_CALL // len(steps))
    parts = []
    for start in range(0, len(rows), at_once):
        part = slice(start, start + at_once)
        mixed = {
            name: values[np.where(ranks[part, column, None] < steps, rows[part, None], others[part, None]).ravel()]
            for column, (name, values) in enumerate(arrays.items())
        }
        outputs = function(mixed)
        parts.append(outputs.reshape(-1, len(steps), outputs.shape[-1]))
    return np.concatenate(parts)
