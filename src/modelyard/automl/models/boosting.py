"""What the boosted trees share: how fast to learn, when to stop, how long it takes."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any

from modelyard.automl.models.tabular_model import Means, Params, Shape
from modelyard.automl.task import Task

# Rounds times rate: a wall, met only where the loss falls for ever.
_MOST_TRAVEL = 60.0
_MOST_TREES = 6_000
# Patience starts anew for this part of the loss, no less: thousands of trees for the fifth decimal cost too much.
_MATERIAL = 2e-3
_CELLS_A_THREAD = 60_000


def learning_rate(shape: Shape) -> float:
    """Slow where trees are cheap, faster where a slow one would not converge in a minute's budget.

    A round of 30,000 x 14 takes some 7 ms and gets 0.04; one of 26 classes, or of half a million rows, three to four
    times that. The quality lost is small: halving the rate gains a tenth of a per cent of the loss.
    """
    outputs = shape.classes if shape.task is Task.MULTICLASS else 1
    seconds = outputs * (shape.rows * shape.features * 1.5e-8 + 1e-3)
    return float(round(min(0.2, max(0.03, 0.04 * (seconds / 0.007) ** 0.4)), 3))


def useful_threads(shape: Sequence[int], threads: int) -> int:
    """Threads that pay on a matrix of this shape: on few cells they wait for each other, worst on a busy machine."""
    return max(1, min(threads, shape[0] * shape[1] // _CELLS_A_THREAD))


def boosting_seconds(
    shape: Shape, params: Params, threads: int, *, row_nanoseconds: float, tree_seconds: float
) -> float:
    """Trees times the pass over the rows; the rate, the task and the rows tell how many trees there will be."""
    outputs = shape.classes if shape.task is Task.MULTICLASS else 1
    rate = float(params.get("learning_rate", 0.1))
    # Few rows are soon learnt by heart; numbers take longer to reach than shares.
    travel = (30.0 if shape.task is Task.REGRESSION else 14.0) * min(1.0, max(0.3, shape.rows / 10_000))
    trees = float(params.get("trees", travel / rate))
    one = shape.rows * max(4, shape.features) * row_nanoseconds * 1e-9 / max(1, threads) ** 0.8 + tree_seconds
    return float(0.02 + trees * outputs * one)


def whole(params: Params, *names: str) -> dict[str, Any]:
    """The parameters, with those that count something as integers: samplers give floats."""
    return {key: round(value) if key in names else value for key, value in params.items()}


class Watching:
    """Counts the trees of one fit, and says when there are enough: by number, by the watched loss, by the clock."""

    def __init__(self, params: Params, means: Means, *, watched: bool, outputs: int = 1) -> None:
        rate = float(params.get("learning_rate", 0.1))
        fixed = params.get("trees")
        self.most = int(fixed) if fixed else max(30, round((_MOST_TRAVEL if watched else 15.0) / rate))
        if outputs > 1 and not fixed:
            # A tree for each class and round: one row is to be predicted in less than a millisecond all the same.
            self.most = min(self.most, max(60, _MOST_TREES // outputs))
        self._patience = min(200, max(20, round(4 / rate)))
        self._deadline = means.deadline
        self._lowest = math.inf
        self._anchor = math.inf
        self._anchored = 0
        self._last = time.monotonic()
        self._longest = 0.0
        self.made = 0
        self.best = 0
        """The number of trees at the lowest loss; 0 where nothing was watched."""

    def goes_on(self) -> bool:
        if self.made >= self.most or (self.best and self.made - self._anchored >= self._patience):
            return False
        return self._deadline is None or time.monotonic() + self._longest < self._deadline

    def count(self, loss: float | None) -> None:
        """One more round of trees, with the loss of the watch after it."""
        now = time.monotonic()
        # The first rounds hold what is done once; a decaying maximum forgets them.
        self._longest, self._last = max(now - self._last, 0.9 * self._longest), now
        self.made += 1
        if loss is None:
            return
        if loss < self._lowest or not self.best:
            self._lowest, self.best = loss, self.made
        if loss < self._anchor - _MATERIAL * abs(loss) or self.made == 1:
            self._anchor, self._anchored = loss, self.made
