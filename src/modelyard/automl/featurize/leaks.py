"""How much of the target one column alone tells."""

from __future__ import annotations

import numpy as np

from modelyard.automl.featurize.coded import MISSING, Coded

Array = np.ndarray
_ROWS = 10_000
_MOST_LEVELS = 256
_LEAST_ROWS = 50


def single_column_score(values: Array | Coded, target: Array, *, classes: bool) -> float | None:
    """Learnt on half of the rows and judged on the other: mean recall of the classes, or the share of variance that
    is explained, when each level says its most frequent class or its mean. None where there are too few rows.

    Labels and numbers of some hundred values are levels as they are; of other numbers, a row is at the level of the
    nearest row that was learnt.
    """
    rows = np.arange(len(target))[:: max(1, len(target) // _ROWS)]
    target = target[rows]
    if len(rows) < _LEAST_ROWS:
        return None
    learnt = np.random.default_rng(0).random(len(rows)) < 0.5
    place, levels = _levels(values, rows, learnt)
    if classes:
        return _recall(place, levels, target, learnt)
    return _explained(place, levels, target, learnt)


def _levels(values: Array | Coded, rows: Array, learnt: Array) -> tuple[Array, int]:
    if isinstance(values, Coded):
        return np.where(values.codes == MISSING, len(values.words), values.codes)[rows], len(values.words) + 1
    told = values[rows].astype("datetime64[s]").astype(float) if values.dtype.kind == "M" else values[rows]
    there = np.isfinite(told)
    known = np.unique(told[there])
    if len(known) > _MOST_LEVELS:
        known = np.unique(told[there & learnt])
    if not len(known):
        return np.zeros(len(rows), dtype=np.int64), 1
    safe = np.where(there, told, known[0])
    after = np.searchsorted(known, safe).clip(1, max(1, len(known) - 1)).clip(0, len(known) - 1)
    before = np.maximum(after - 1, 0)
    place = np.where(safe - known[before] <= known[after] - safe, before, after)
    return np.where(there, place, len(known)), len(known) + 1


def _recall(place: Array, levels: int, target: Array, learnt: Array) -> float:
    count = int(target.max()) + 1
    table = np.bincount(place[learnt] * count + target[learnt], minlength=levels * count).reshape(levels, count)
    # A class is weighed by its rarity, so that a rare class can win a level.
    weighed = table / np.maximum(table.sum(axis=0), 1)
    told = weighed.argmax(axis=1)[place[~learnt]]
    judged = target[~learnt]
    recalls = [float((told[judged == each] == each).mean()) for each in np.unique(judged)]
    # A level never seen tells nothing: no level, no credit.
    seen = float((table.sum(axis=1) > 0)[place[~learnt]].mean())
    return float(np.mean(recalls)) * seen


def _explained(place: Array, levels: int, target: Array, learnt: Array) -> float:
    target = target / (float(np.abs(target).max()) or 1.0)
    rows = np.bincount(place[learnt], minlength=levels)
    sums = np.bincount(place[learnt], target[learnt], minlength=levels)
    overall = float(target[learnt].mean())
    told = np.where(rows > 0, sums / np.maximum(rows, 1), overall)[place[~learnt]]
    spread = float(((target[~learnt] - target[~learnt].mean()) ** 2).sum())
    return 1.0 - float(((target[~learnt] - told) ** 2).sum()) / spread if spread > 0 else 0.0
