"""From a user's frame to the table that candidates are tried on: checks, target, splits, plan of the features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from modelyard.automl.featurize.checks import checked
from modelyard.automl.featurize.feature_plan import FeaturePlan
from modelyard.automl.featurize.guardrails import report
from modelyard.automl.featurize.target import TargetCoding
from modelyard.automl.plan.settings import Settings
from modelyard.automl.search.table import Table
from modelyard.automl.trial import Listener
from modelyard.automl.validate.metrics import Metric, default_metric, metric
from modelyard.automl.validate.splits import holdout_rows, make_splits
from modelyard.domain.errors import InvalidInput
from modelyard.domain.extras import LazyModule

pandas = LazyModule("pandas", extra="automl", what="tables")


@dataclass(frozen=True)
class HeldOut:
    """Rows that the search never sees."""

    frame: Any
    target: np.ndarray
    weight: np.ndarray | None
    split: str
    """`holdout` (taken from the training rows) or `test` (given)."""


@dataclass(frozen=True)
class Prepared:
    table: Table
    metric: Metric
    held_out: HeldOut | None
    guardrails: tuple[Mapping[str, Any], ...]
    rows: int


def prepare(
    frame: Any, settings: Settings, listener: Listener, *, validation: Any = None, test: Any = None
) -> Prepared:
    """Everything that can be refused is refused here, before any training.

    Raises:
        InvalidInput: the data or the settings do not fit.
    """
    frame, repairs = checked(frame, settings)
    for repair in repairs:
        listener.message(str(repair))
    coding = TargetCoding.of(frame[settings.target], settings.task, settings.positive_label)
    own = metric(settings.metric or default_metric(coding.task), coding.task)
    given = 0
    others: dict[str, Any] = {}
    if validation is not None:
        validation, _ = checked(validation, replace(settings, task=coding.task), to_learn=False)
        given = len(validation)
        others["validation"] = validation
        frame = pandas.concat([frame, _same_columns(validation, frame, "validation_data")], ignore_index=True)
    parts = _Parts.of(frame, settings, coding)
    held_out = None
    if test is not None:
        test, _ = checked(test, replace(settings, task=coding.task), to_learn=False)
        held_out = _Parts.of(_same_columns(test, frame, "test_data"), settings, coding).held_out("test")
        others["test"] = held_out.frame
    elif settings.validation.holdout_fraction is not None:
        fraction, groups = settings.validation.holdout_fraction, parts.groups
        kept, out = holdout_rows(coding.task, parts.target, fraction, groups=groups, seed=settings.seed)
        held_out, parts = parts.taken(out).held_out("holdout"), parts.taken(kept)
    splits = make_splits(
        coding.task, parts.target, settings.validation, groups=parts.groups, cv_columns=parts.cv_columns,
        validation_rows=given, seed=settings.seed,
    )  # fmt: skip
    learnt = len(parts.target) - given
    plan = FeaturePlan.make(parts.frame.iloc[:learnt], parts.target[:learnt], coding.task, settings.featurization)
    guardrails = report(parts.frame.iloc[:learnt], parts.target[:learnt], coding.task, plan, others)
    table = Table(
        coding.task, parts.frame, parts.target, parts.weight, plan.used, coding.classes, plan,
        splits, own.name, settings.seed, given,
    )  # fmt: skip
    extent = None if coding.task.is_classification else float(np.ptp(parts.target))
    return Prepared(table, own.scaled(extent), held_out, tuple(each.to_dict() for each in guardrails), len(frame))


@dataclass(frozen=True)
class _Parts:
    """A frame taken apart: features here, the rest there."""

    frame: Any
    target: np.ndarray
    weight: np.ndarray | None
    groups: np.ndarray | None
    cv_columns: tuple[np.ndarray, ...]

    @classmethod
    def of(cls, frame: Any, settings: Settings, coding: TargetCoding) -> _Parts:
        own = settings.validation
        roles = [settings.target, settings.weight_column, *own.group_columns, *own.cv_split_columns]
        named = [name for name in roles if name is not None]
        missing = [name for name in named if name not in frame.columns]
        if missing:
            raise InvalidInput(f"there is no column '{missing[0]}'", field=missing[0])
        target = coding.encode(frame[settings.target])
        if coding.task.is_classification and (target < 0).any():
            raise InvalidInput("rows to judge on hold classes that no row to learn from has", field=settings.target)
        weight = None
        if settings.weight_column is not None:
            weight = _weight(frame[settings.weight_column], settings.weight_column)
        groups = _groups(frame, own.group_columns) if own.group_columns else None
        columns = tuple(np.asarray(frame[name], dtype=float) for name in own.cv_split_columns)
        return cls(frame.drop(columns=list(dict.fromkeys(named))), target, weight, groups, columns)

    def taken(self, rows: np.ndarray) -> _Parts:
        return _Parts(
            self.frame.iloc[rows].reset_index(drop=True),
            self.target[rows],
            None if self.weight is None else self.weight[rows],
            None if self.groups is None else self.groups[rows],
            tuple(column[rows] for column in self.cv_columns),
        )

    def held_out(self, split: str) -> HeldOut:
        return HeldOut(self.frame, self.target, self.weight, split)


def _weight(series: Any, name: str) -> np.ndarray:
    try:
        weight = np.asarray(series, dtype=float)
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"the weights in '{name}' are not numbers", field="weight_column_name") from error
    if not np.isfinite(weight).all() or (weight < 0).any() or not weight.any():
        text = f"the weights in '{name}' must be finite, not negative, and not all 0"
        raise InvalidInput(text, field="weight_column_name")
    return weight


def _groups(frame: Any, names: Sequence[str]) -> np.ndarray:
    """One number a row: rows of equal values in all the columns have the same."""
    return np.asarray(frame.groupby(list(names), dropna=False, sort=False).ngroup())


def _same_columns(frame: Any, like: Any, field: str) -> Any:
    missing = [name for name in like.columns if name not in frame.columns]
    if missing:
        raise InvalidInput(f"{field} has no column '{missing[0]}'", field=field)
    return frame[list(like.columns)]
