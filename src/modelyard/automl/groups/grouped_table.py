"""A table as arrays, its target encoded, its groups told apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from modelyard.automl.featurize.checks import checked
from modelyard.automl.featurize.feature_plan import FeaturePlan
from modelyard.automl.featurize.target import TargetCoding
from modelyard.automl.groups.groups_model import GroupKey, group_keys
from modelyard.automl.groups.light_search import LightTask
from modelyard.automl.models.catalogue import find
from modelyard.automl.outcome.input_table import InputColumn, InputTable, columns_of_frame
from modelyard.automl.plan.portfolio import allowed_models
from modelyard.automl.plan.settings import Settings
from modelyard.automl.validate.metrics import default_metric, metric
from modelyard.domain.errors import InvalidInput

_DEFAULT_ALGORITHMS = ("LightGBM", "Ridge", "LogisticRegression")
"""Those of the task that are there: trees, and what wins where they have too little to split."""
_FALLBACK_ROWS = 20_000


@dataclass(frozen=True)
class Part:
    """Rows of one group; key () is the fallback's."""

    key: GroupKey
    rows: np.ndarray


@dataclass(frozen=True)
class GroupedTable:
    columns: tuple[InputColumn, ...]
    arrays: Mapping[str, np.ndarray]
    coding: TargetCoding
    target: np.ndarray
    plan: FeaturePlan
    by: tuple[str, ...]
    repairs: tuple[str, ...]
    """What was mended in the table, in words."""

    @classmethod
    def of(cls, data: Any, by: tuple[str, ...], settings: Settings) -> Self:
        """
        Raises:
            InvalidInput: a column is missing, or the target cannot be learnt.
        """
        for name in by:
            if name not in data:
                raise InvalidInput(f"There is no column '{name}'.", field=name)
        if settings.target in by or not by:
            raise InvalidInput("Groups are told by columns other than the target.", field="by")
        frame, repairs = checked(data, settings)
        coding = TargetCoding.of(frame[settings.target], settings.task, settings.positive_label)
        target = np.asarray(coding.encode(frame[settings.target]))
        features = frame.drop(columns=[settings.target])
        columns = columns_of_frame(features)
        arrays = InputTable.of(features, columns).arrays
        plan = FeaturePlan.make(features, target, coding.task, settings.featurization)
        return cls(columns, arrays, coding, target, plan, by, tuple(str(one) for one in repairs))

    def light_task(self, settings: Settings) -> LightTask:
        """
        Raises:
            InvalidInput: the metric does not fit the task, or no algorithm is left.
        """
        task, training = self.coding.task, settings.training
        known = allowed_models(task, training)
        wanted = training.allowed or _DEFAULT_ALGORITHMS
        chosen = [name for name in dict.fromkeys(find(one).name for one in wanted) if name in known]
        limit = settings.limits.max_trials
        name = metric(settings.metric or default_metric(task), task).name
        extent = None if task.is_classification else float(np.ptp(self.target))
        algorithms = tuple(chosen or known)[:limit]
        return LightTask(task, self.coding.classes, self.columns, self.plan, name, algorithms, settings.seed, extent)

    def parts(self) -> list[Part]:
        """Groups by size, the largest first: the last to end is then a small one."""
        rows: dict[GroupKey, list[int]] = {}
        for row, key in enumerate(group_keys([self.arrays[name] for name in self.by])):
            rows.setdefault(key, []).append(row)
        parts = [Part(key, np.array(own)) for key, own in rows.items()]
        return sorted(parts, key=lambda part: (-len(part.rows), part.key))

    def sample(self, seed: int) -> Part:
        """Rows of all groups, for the fallback."""
        rows = np.arange(len(self.target))
        if len(rows) > _FALLBACK_ROWS:
            rows = np.sort(np.random.default_rng(seed).choice(rows, _FALLBACK_ROWS, replace=False))
        return Part((), rows)
