"""What a person should know of the data before believing a score."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from modelyard.automl.featurize.feature_plan import FeaturePlan
from modelyard.automl.featurize.purposes import Purpose
from modelyard.automl.task import Task

_RARE_SHARE = 0.05


@dataclass(frozen=True)
class Guardrail:
    name: str
    status: str
    """`passed`, `alerted` or `done` (mended)."""
    text: str
    columns: tuple[str, ...] = ()
    numbers: dict[str, float] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "columns": list(self.columns)}


def report(frame: Any, target: np.ndarray, task: Task, plan: FeaturePlan) -> list[Guardrail]:
    """Of the rows to learn from."""
    found = [_missing(frame), _cardinality(plan), _left_out(plan)]
    if task.is_classification:
        found.append(_balance(target))
    return [*found, *_duplicates(frame)]


def _missing(frame: Any) -> Guardrail:
    counts = frame.isna().sum()
    columns = [str(name) for name in counts.index if counts[name]]
    if not columns:
        return Guardrail("missing values", "passed", "No value is missing.")
    numbers = {name: float(counts[name]) / len(frame) for name in columns}
    return Guardrail("missing values", "done", "Missing values are imputed or kept as such.", tuple(columns), numbers)


def _cardinality(plan: FeaturePlan) -> Guardrail:
    high = tuple(name for name, purpose in plan.purposes.items() if purpose is Purpose.HIGH_CARDINALITY)
    if not high:
        return Guardrail("high cardinality", "passed", "No column has many categories.")
    return Guardrail("high cardinality", "done", "Columns of many categories are encoded by target and pieces.", high)


def _left_out(plan: FeaturePlan) -> Guardrail:
    if not plan.reasons:
        return Guardrail("columns", "passed", "Every column is used.")
    told = ", ".join(f"{name} ({reason})" for name, reason in plan.reasons.items())
    return Guardrail("columns", "alerted", f"Left out: {told}.", tuple(plan.reasons))


def _balance(target: np.ndarray) -> Guardrail:
    shares = np.bincount(target) / len(target)
    rarest = float(shares[shares > 0].min())
    numbers = {"rarest": rarest}
    if rarest >= _RARE_SHARE:
        return Guardrail("class balance", "passed", "No class is rare.", numbers=numbers)
    text = f"The rarest class is {rarest:.2%} of the rows: prefer a metric that does not count rows alike."
    return Guardrail("class balance", "alerted", text, numbers=numbers)


def _duplicates(frame: Any) -> Iterator[Guardrail]:
    try:
        share = float(frame.duplicated().mean())
    except TypeError:
        return
    if share > 0.01:
        yield Guardrail(
            "duplicate rows", "alerted", f"{share:.1%} of the rows are there twice.", numbers={"share": share}
        )
