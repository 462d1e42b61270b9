"""What the engine of an AutoML job tells the server: trials that are over, and what the search came to."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

Score = Annotated[float, Field(allow_inf_nan=False)]
Scores = dict[Annotated[str, Field(max_length=200)], Score]
_Word = Annotated[str, Field(max_length=250)]


class TrialEnd(StrEnum):
    COMPLETED = "Completed"
    FAILED = "Failed"
    STOPPED = "Stopped"
    TIMED_OUT = "TimedOut"


class _Told(BaseModel):
    model_config = ConfigDict(extra="ignore")


class TrialReport(_Told):
    """One trial that is over. Numbers that are not finite are left out."""

    number: int = Field(ge=0, lt=10_000_000)
    algorithm: _Word
    origin: _Word = ""
    params: dict[str, Any] = Field(default_factory=dict)
    status: TrialEnd
    score: Score | None = None
    score_std: Score | None = None
    fold_scores: list[Score | None] = Field(default_factory=list, max_length=1000)
    metrics: dict[_Word, Scores] = Field(default_factory=dict)
    """By split, then by metric as it is to be shown."""
    fit_seconds: Score | None = None
    row_milliseconds: Score | None = None
    batch_milliseconds: Score | None = None
    size_bytes: int | None = None
    peak_memory_bytes: int | None = None
    feature_hash: _Word | None = None
    error: Annotated[str, Field(max_length=20_000)] | None = None
    started_at: Score = 0.0
    """Seconds since the epoch."""
    ended_at: Score = 0.0


class SearchReport(_Told):
    """What the search came to."""

    best: int | None = None
    """The number of the trial that won."""
    model: bool = False
    """Whether the winner's model lies among the job's artifacts, at `outputs/mlflow-model`."""
    metrics: dict[_Word, Scores] = Field(default_factory=dict)
    """Of the winner, by split."""
    properties: dict[_Word, str] = Field(default_factory=dict, max_length=100)


class TrialReports(_Told):
    """One batch. What is told twice is written once."""

    attempt: int = Field(default=1, ge=1)
    metric: _Word
    """The primary metric, as it is to be shown."""
    greater_is_better: bool
    trials: list[TrialReport] = Field(default_factory=list, max_length=500)
    search: SearchReport | None = None
    """With the last batch."""
