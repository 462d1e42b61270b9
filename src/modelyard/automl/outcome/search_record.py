"""What is known of the search that made a predictor, as it is kept beside the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

from modelyard.automl.trial import TrialResult, TrialStatus


@dataclass(frozen=True)
class SearchRecord:
    """Written by the engine at the end of a search; JSON types throughout, but for the trials."""

    target: str
    metric: str
    """The primary metric, snake case."""
    trials: tuple[TrialResult, ...] = ()
    winner: int | None = None
    """`number` of the trial that the predictor comes from."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """As the user gave them."""
    validation: Mapping[str, Any] = field(default_factory=dict)
    """How candidates were judged: scheme, folds, rows of the holdout."""
    metrics: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Of the predictor, by split (`validation`, `holdout`), then by metric."""
    interval: tuple[float, float] | None = None
    """Of the primary metric on the holdout, 95 %."""
    guardrails: tuple[Mapping[str, Any], ...] = ()
    charts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Of the predictor, by split, then by name: data of bounded size (`charts/charts.py`)."""
    features: Mapping[str, Any] = field(default_factory=dict)
    """The feature plan as a mapping; its `hash` is the feature hash."""
    data: Mapping[str, Any] = field(default_factory=dict)
    """rows, columns, hash, and name and version where the table was an asset."""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """The list of `metadata.py`."""
    started_at: float = 0.0
    ended_at: float = 0.0
    messages: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "trials": [trial_dict(trial) for trial in self.trials]}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Keys of a later version are left aside."""
        known = {one.name for one in fields(cls)}
        values = {name: value for name, value in stored.items() if name in known}
        values["trials"] = tuple(trial_from(trial) for trial in stored.get("trials", ()))
        for name in ("guardrails", "messages"):
            values[name] = tuple(stored.get(name) or ())
        interval = stored.get("interval")
        values["interval"] = (interval[0], interval[1]) if interval else None
        return cls(**values)


def trial_dict(trial: TrialResult) -> dict[str, Any]:
    """JSON types, without what is not known."""
    return {name: value for name, value in asdict(trial).items() if value is not None}


def trial_from(stored: Mapping[str, Any]) -> TrialResult:
    known = {one.name for one in fields(TrialResult)}
    values = {name: value for name, value in stored.items() if name in known}
    values["status"] = TrialStatus(stored["status"])
    values["fold_scores"] = tuple(stored.get("fold_scores", ()))
    return TrialResult(**values)
