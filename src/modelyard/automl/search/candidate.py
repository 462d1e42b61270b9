"""A candidate while the search runs: its folds so far, and what is known of it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from modelyard.automl.search.evaluation import FoldOutcome
from modelyard.automl.search.table import Table
from modelyard.automl.trial import TrialResult, TrialStatus
from modelyard.automl.validate.metrics import Metric, all_metrics


@dataclass(eq=False)
class Candidate:
    number: int
    algorithm: str
    params: Mapping[str, Any]
    origin: str
    asked: Any = None
    """What the guide wants back with the score."""
    outcomes: dict[int, FoldOutcome] = field(default_factory=dict)
    losses: dict[int, float] = field(default_factory=dict)
    """By fold."""
    running: set[int] = field(default_factory=set)
    status: TrialStatus | None = None
    """None while it is in the race."""
    error: str | None = None
    began: float = field(default_factory=time.time)
    ended: float = 0.0

    @property
    def loss(self) -> float:
        return float(np.mean(list(self.losses.values()))) if self.losses else float("inf")

    @property
    def fit_seconds(self) -> float:
        return sum(outcome.fit_seconds for outcome in self.outcomes.values())

    @property
    def fold_seconds(self) -> float:
        """One fold's fit, mean."""
        return self.fit_seconds / max(1, len(self.outcomes))

    @property
    def is_usable(self) -> bool:
        """Whether some fold of it can predict."""
        return bool(self.outcomes)

    def take(self, fold: int, outcome: FoldOutcome, table: Table, metric: Metric) -> None:
        rows = table.fold(fold).valid
        weight = None if table.weight is None else table.weight[rows]
        score = metric.score(table.target[rows], _double(outcome.prediction), weight)
        self.outcomes[fold] = outcome
        self.losses[fold] = metric.loss(score)

    def oof(self, table: Table) -> np.ndarray:
        """(rows,) or (rows, classes): mean over the folds that held the row, NaN where none did."""
        first = next(iter(self.outcomes.values())).prediction
        shape = (len(table.target), *first.shape[1:])
        total, count = np.zeros(shape), np.zeros(len(table.target))
        for fold, outcome in self.outcomes.items():
            rows = table.fold(fold).valid
            total[rows] += outcome.prediction
            count[rows] += 1
        count[count == 0] = np.nan
        return total / (count[:, None] if total.ndim == 2 else count)

    def result(self, table: Table, metric: Metric, *, feature_hash: str | None, metrics: bool = True) -> TrialResult:
        """What is told of it."""
        signed = [-loss if metric.greater_is_better else loss for _, loss in sorted(self.losses.items())]
        measured = next((found for found in self.outcomes.values() if found.measures is not None), None)
        measures = measured.measures if measured else None
        peaks = [found.peak_memory_bytes for found in self.outcomes.values() if found.peak_memory_bytes is not None]
        return TrialResult(
            number=self.number,
            algorithm=self.algorithm,
            params=dict(self.params),
            status=self.status or TrialStatus.STOPPED,
            score=float(np.mean(signed)) if signed else None,
            fold_scores=tuple(signed),
            score_std=float(np.std(signed)) if len(signed) > 1 else None,
            metrics=self._metrics(table, metric) if metrics and signed else {},
            fit_seconds=self.fit_seconds if signed else None,
            row_milliseconds=measures.row_milliseconds if measures else None,
            batch_milliseconds=measures.batch_milliseconds if measures else None,
            size_bytes=measures.size_bytes if measures else None,
            peak_memory_bytes=max(peaks) if peaks else None,
            feature_hash=feature_hash,
            origin=self.origin,
            error=self.error,
            started_at=self.began,
            ended_at=self.ended,
        )

    def _metrics(self, table: Table, metric: Metric) -> dict[str, dict[str, float]]:
        prediction = self.oof(table)
        held = np.isfinite(prediction.reshape(len(prediction), -1)).all(axis=1)
        found = {"validation": split_metrics(table, held, prediction[held])}
        for outcome in self.outcomes.values():
            if outcome.train_rows is not None and outcome.train_prediction is not None:
                found["train"] = split_metrics(table, outcome.train_rows, _double(outcome.train_prediction))
        return found


def split_metrics(table: Table, rows: np.ndarray, prediction: np.ndarray) -> dict[str, float]:
    """All metrics of some rows of the table."""
    weight = None if table.weight is None else table.weight[rows]
    extent = None if table.task.is_classification else float(np.ptp(table.target))
    return all_metrics(table.task, table.target[rows], prediction, weight, extent=extent)


def _double(prediction: np.ndarray) -> np.ndarray:
    return np.asarray(prediction, dtype=np.float64)
