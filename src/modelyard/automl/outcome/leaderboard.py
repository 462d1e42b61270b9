"""The trials of a search as a table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from modelyard.automl.trial import TrialResult, TrialStatus
from modelyard.domain.extras import LazyModule

pandas: Any = LazyModule("pandas", extra="automl", what="a leaderboard")

COLUMNS = (
    "number",
    "algorithm",
    "score",
    "score_std",
    "status",
    "fit_seconds",
    "row_milliseconds",
    "batch_milliseconds",
    "size_bytes",
    "peak_memory_bytes",
    "origin",
    "params",
    "error",
)


def ranked(trials: Sequence[TrialResult], greater_is_better: bool) -> list[TrialResult]:
    """Best first; then what was given up, as it was judged on fewer folds; those without a score last."""
    sign = -1.0 if greater_is_better else 1.0

    def place(trial: TrialResult) -> tuple[bool, bool, float, int]:
        score = sign * (trial.score or 0.0)
        return (trial.score is None, trial.status is not TrialStatus.COMPLETED, score, trial.number)

    return sorted(trials, key=place)


def frame(trials: Sequence[TrialResult], greater_is_better: bool) -> Any:
    """A pandas frame of `ranked` trials, one row each, its index the rank from 1."""
    rows = [[_cell(trial, column) for column in COLUMNS] for trial in ranked(trials, greater_is_better)]
    return pandas.DataFrame(rows, columns=list(COLUMNS), index=pandas.RangeIndex(1, len(rows) + 1, name="rank"))


def _cell(trial: TrialResult, column: str) -> Any:
    value = getattr(trial, column)
    if column == "params":
        return json.dumps(dict(value), default=str)
    return str(value) if column == "status" else value
