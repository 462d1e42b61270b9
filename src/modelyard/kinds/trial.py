"""A trial of an AutoML job: written down by its job when it is over, and never submitted."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from modelyard.domain.job import Job
from modelyard.domain.job_io import JobOutput

MLFLOW_MODEL = "mlflow-model"
"""The output that holds the model of a trial which kept it: of the best always, of others never."""


class TrialJob(Job):
    """One candidate of an AutoML job, measured. It ran in the engine's process and had no task of its own."""

    type: Literal["trial"] = "trial"
    parent_job_name: str | None = None
    """The AutoML job."""
    number: int = Field(default=0, ge=0)
    algorithm: str = ""
    """Such as `LightGBM` or `VotingEnsemble`."""
    origin: str | None = None
    """What proposed it: `baseline`, `portfolio`, `guided` or `ensemble`."""
    parameters: dict[str, Any] = Field(default_factory=dict)
    score: float | None = None
    """Of the primary metric, over the folds."""
    score_std: float | None = None
    fold_scores: list[float | None] = Field(default_factory=list)
    metrics: dict[str, dict[str, float]] = Field(default_factory=dict)
    """By split, then by metric."""
    fit_seconds: float | None = None
    row_milliseconds: float | None = None
    """Prediction of one row."""
    batch_milliseconds: float | None = None
    """Prediction of 1,000 rows."""
    size_bytes: int | None = None
    peak_memory_bytes: int | None = None
    feature_hash: str | None = None
    outputs: dict[str, JobOutput] = Field(default_factory=dict)
