"""The candidates that no other beats in everything at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def pareto_front(costs: Sequence[Sequence[float]]) -> list[int]:
    """Indexes of the rows of `costs` (less is better in every column) that no other row dominates, in order.

    A row dominates another when it is nowhere worse and somewhere better. NaN counts as the worst.
    """
    table = np.asarray(costs, dtype=float)
    if not table.size:
        return []
    table = np.where(np.isnan(table), np.inf, table)
    front = []
    for index, row in enumerate(table):
        dominating = (table <= row).all(axis=1) & (table < row).any(axis=1)
        if not dominating.any():
            front.append(index)
    return front
