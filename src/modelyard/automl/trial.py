"""What is known of one trial of a search, and who is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol


class TrialStatus(StrEnum):
    COMPLETED = "Completed"
    FAILED = "Failed"
    STOPPED = "Stopped"
    """Given up before its last fold, because it could not win any more."""
    TIMED_OUT = "TimedOut"


@dataclass(frozen=True)
class TrialResult:
    """One candidate, measured. Scores are in the primary metric's own unit and direction."""

    number: int
    algorithm: str
    """Canonical name of the model: `LightGBM`, `VotingEnsemble`, `AutoArima`."""
    params: Mapping[str, Any]
    status: TrialStatus
    score: float | None = None
    """Mean over the folds; None where no fold was finished."""
    fold_scores: tuple[float, ...] = ()
    score_std: float | None = None
    metrics: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """By split (`validation`, `train`, `holdout`, `test`), then by metric."""
    fit_seconds: float | None = None
    """Of all folds together, wall time."""
    row_milliseconds: float | None = None
    """Prediction of one row, median, featurization included."""
    batch_milliseconds: float | None = None
    """Prediction of 1,000 rows, median, featurization included."""
    size_bytes: int | None = None
    peak_memory_bytes: int | None = None
    feature_hash: str | None = None
    origin: str = "portfolio"
    """What proposed it: `baseline`, `portfolio`, `guided`, `ensemble`."""
    error: str | None = None
    started_at: float = 0.0
    """Seconds since the epoch."""
    ended_at: float = 0.0


class Listener(Protocol):
    """Told what a search does, in the thread that runs it. It must return quickly and not raise."""

    def started(self, facts: Mapping[str, Any]) -> None:
        """Before the first trial: task, metric, validation, featurization, guardrails, walls; JSON types."""

    def trial_started(self, number: int, algorithm: str, params: Mapping[str, Any]) -> None: ...

    def trial_ended(self, result: TrialResult) -> None: ...

    def message(self, text: str) -> None:
        """A line for a person: a choice made, a repair, a warning."""
