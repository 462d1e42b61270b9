"""The target of rows to score, in the form that models learnt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from modelyard.automl.featurize.target import TargetCoding
from modelyard.automl.outcome.served_model import Label
from modelyard.automl.task import Task
from modelyard.domain.errors import InvalidInput


def known_target(data: Any, target: str, task: Task, classes: Sequence[Label]) -> tuple[np.ndarray, np.ndarray]:
    """(rows,) class numbers or values, and the numbers of the rows of `data` (a frame) that have a target.

    Raises:
        InvalidInput: the target is missing, or holds a class that training did not see.
    """
    if target not in data:
        raise InvalidInput(f"The target '{target}' is not in the data.", field=target)
    rows = np.flatnonzero(data[target].notna().to_numpy())
    labels = data[target].iloc[rows]
    encoded = np.asarray(TargetCoding(task, tuple(classes)).encode(labels))
    if task.is_classification and (encoded < 0).any():
        raise InvalidInput(f"Training saw no class '{labels.iloc[int(np.argmax(encoded < 0))]}'.", field=target)
    return encoded, rows
