"""What a person should know of the data before believing a score."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from modelyard.automl.featurize.coded import Coded
from modelyard.automl.featurize.feature_plan import FeaturePlan, prepared
from modelyard.automl.featurize.leaks import single_column_score
from modelyard.automl.featurize.purposes import Purpose
from modelyard.automl.outcome.input_table import InputTable
from modelyard.automl.task import Task
from modelyard.domain.extras import LazyModule

pandas: Any = LazyModule("pandas", extra="automl", what="tables")

_RARE_SHARE = 0.05
_FEW_ROWS = 20
"""Of a class; fewer make its scores a matter of luck."""
_LEAKING = {True: 0.99, False: 0.985}
"""Mean recall of classes, or share of variance, beyond which one column alone is suspicious."""
_MUCH_MISSING = 0.5


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


def report(
    frame: Any, target: np.ndarray, task: Task, plan: FeaturePlan, others: Mapping[str, Any] | None = None
) -> list[Guardrail]:
    """Of the rows to learn from; `others` are frames to judge on, by name (`validation`, `test`)."""
    found = [_missing(frame), _cardinality(plan), *_left_out(plan)]
    if task.is_classification:
        found += [_balance(target), *_tiny_classes(target)]
    found.append(_leaking(frame, target, task, plan))
    found.append(_duplicates(frame, target))
    found += [_overlap(frame, other, name) for name, other in (others or {}).items()]
    return found


def _missing(frame: Any) -> Guardrail:
    counts = frame.isna().sum()
    columns = [str(name) for name in counts.index if counts[name]]
    if not columns:
        return Guardrail("missing values", "passed", "No value is missing.")
    numbers = {name: float(counts[name]) / len(frame) for name in columns}
    many = [name for name in columns if numbers[name] > _MUCH_MISSING]
    if many:
        text = f"More than half of the values are missing in {', '.join(many[:5])}; imputed, or kept as missing."
        return Guardrail("missing values", "alerted", text, tuple(columns), numbers)
    return Guardrail("missing values", "done", "Missing values are imputed or kept as such.", tuple(columns), numbers)


def _cardinality(plan: FeaturePlan) -> Guardrail:
    high = tuple(name for name, purpose in plan.purposes.items() if purpose is Purpose.HIGH_CARDINALITY)
    if not high:
        return Guardrail("high cardinality", "passed", "No column has many categories.")
    text = "Columns of many categories are encoded by target, frequency, order and pieces."
    return Guardrail("high cardinality", "done", text, high)


def _left_out(plan: FeaturePlan) -> Iterator[Guardrail]:
    kinds = {
        "key columns": (Purpose.ID, "Left out, as each row has a value of its own"),
        "constant columns": (Purpose.CONSTANT, "Left out, as every row has the same value"),
    }
    for name, (purpose, text) in kinds.items():
        columns = tuple(column for column, own in plan.purposes.items() if own is purpose)
        told = f"{text}: {', '.join(columns)}." if columns else "There is none."
        yield Guardrail(name, "done" if columns else "passed", told, columns)
    twins = {column: reason for column, reason in plan.reasons.items() if reason.startswith("the same as")}
    told = "; ".join(f"{column} is {reason}" for column, reason in twins.items())
    status, text = ("done", f"Left out: {told}.") if twins else ("passed", "No two columns are the same.")
    yield Guardrail("duplicate columns", status, text, tuple(twins))
    for message in plan.messages:
        yield Guardrail("features", "alerted", message)


def _balance(target: np.ndarray) -> Guardrail:
    shares = np.bincount(target) / len(target)
    rarest = float(shares[shares > 0].min())
    numbers = {"rarest": rarest}
    if rarest >= _RARE_SHARE:
        return Guardrail("class balance", "passed", "No class is rare.", numbers=numbers)
    text = f"The rarest class is {rarest:.2%} of the rows: prefer a metric that does not count rows alike."
    return Guardrail("class balance", "alerted", text, numbers=numbers)


def _tiny_classes(target: np.ndarray) -> Iterator[Guardrail]:
    counts = np.bincount(target)
    tiny = np.flatnonzero((counts > 0) & (counts < _FEW_ROWS))
    if len(tiny):
        text = f"{len(tiny)} classes have fewer than {_FEW_ROWS} rows: how well they are told is hardly known."
        numbers = {"classes": float(len(tiny)), "smallest": float(counts[tiny].min())}
        yield Guardrail("tiny classes", "alerted", text, numbers=numbers)


def _leaking(frame: Any, target: np.ndarray, task: Task, plan: FeaturePlan) -> Guardrail:
    scores: dict[str, float] = {}
    arrays = InputTable.of(frame, plan.used).arrays
    for column in plan.used:
        values = prepared(arrays[column.name])
        if plan.purposes[column.name].is_label and not isinstance(values, Coded):
            values = Coded.of(values)
        score = single_column_score(values, target, classes=task.is_classification)
        if score is not None and score >= _LEAKING[task.is_classification]:
            scores[column.name] = score
    if not scores:
        return Guardrail("leaking columns", "passed", "No column alone tells the target.")
    told = ", ".join(f"'{name}' ({score:.1%})" for name, score in scores.items())
    text = f"Nearly the whole target can be read from one column alone: {told}. Is it known when predictions are made?"
    return Guardrail("leaking columns", "alerted", text, tuple(scores), scores)


def _duplicates(frame: Any, target: np.ndarray) -> Guardrail:
    hashes = _row_hashes(frame)
    if hashes is None:
        return Guardrail("duplicate rows", "passed", "Rows could not be compared.")
    kinds, place = np.unique(hashes, return_inverse=True)
    share = 1.0 - len(kinds) / len(hashes)
    numbers = {"share": share}
    if share <= 0.01:
        return Guardrail("duplicate rows", "passed", "Hardly any row is there twice.", numbers=numbers)
    pairs = np.unique(np.stack([place.astype(float), np.asarray(target, dtype=float)]), axis=1).shape[1]
    contrary = (pairs - len(kinds)) / len(kinds)
    numbers["contrary"] = float(contrary)
    text = f"{share:.1%} of the rows repeat another, which makes scores look better than they are."
    if contrary > 0.01:
        text += f" {contrary:.1%} of the distinct ones have several targets."
    return Guardrail("duplicate rows", "alerted", text, numbers=numbers)


def _overlap(frame: Any, other: Any, name: str) -> Guardrail:
    title = f"{name} overlap"
    own, others = _row_hashes(frame), _row_hashes(other[list(frame.columns)])
    if own is None or others is None:
        return Guardrail(title, "passed", "Rows could not be compared.")
    share = float(np.isin(others, own).mean())
    if share <= 0.01:
        return Guardrail(
            title, "passed", f"Rows of the {name} data are not among those to learn from.", numbers={"share": share}
        )
    text = f"{share:.1%} of the {name} rows are among those to learn from: the score on them is too good."
    return Guardrail(title, "alerted", text, numbers={"share": share})


def _row_hashes(frame: Any) -> Any:
    try:
        return pandas.util.hash_pandas_object(frame, index=False).to_numpy()
    except (TypeError, ValueError):
        return None
