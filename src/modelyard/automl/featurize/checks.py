"""What is refused before any training, and what is mended and said."""

from __future__ import annotations

from typing import Any

import numpy as np

from modelyard.automl.featurize.cells import is_missing, number
from modelyard.automl.featurize.target import plain_values, told_task
from modelyard.automl.plan.settings import Settings
from modelyard.automl.task import Task
from modelyard.domain.errors import InvalidInput, did_you_mean

_LEAST_ROWS = 10


def checked(frame: Any, settings: Settings) -> tuple[Any, list[str]]:
    """The frame with what could be mended, and a line for each repair.

    Raises:
        InvalidInput: it cannot be learnt from.
    """
    repairs: list[str] = []
    frame = _named(frame, repairs)
    if settings.target not in frame.columns:
        text = f"there is no column '{settings.target}'"
        raise InvalidInput(text, field="target_column_name", mend=did_you_mean(settings.target, list(frame.columns)))
    frame = _with_target(frame, settings, repairs)
    if len(frame) < _LEAST_ROWS:
        text = f"{len(frame)} rows with a target are too few to learn from"
        raise InvalidInput(text, field="training_data", mend=f"give at least {_LEAST_ROWS}")
    _check_target(plain_values(frame[settings.target]), settings)
    return frame.reset_index(drop=True), repairs


def _named(frame: Any, repairs: list[str]) -> Any:
    """Names are texts and differ."""
    names = [str(name) for name in frame.columns]
    seen: dict[str, int] = {}
    unique = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        unique.append(name if seen[name] == 1 else f"{name}.{seen[name] - 1}")
    if unique != names:
        repairs.append(f"Columns of the same name were renamed: {', '.join(sorted(set(unique) - set(names))[:5])}.")
    if unique != list(frame.columns):
        frame = frame.copy(deep=False)
        frame.columns = unique
    return frame


def _with_target(frame: Any, settings: Settings, repairs: list[str]) -> Any:
    values = plain_values(frame[settings.target])
    numeric = settings.task in (Task.REGRESSION, Task.FORECASTING) or (
        settings.task is None and told_task(values) is Task.REGRESSION
    )
    kept = np.array(
        [not is_missing(value) and not (numeric and np.isnan(number(value))) for value in values], dtype=bool
    )
    if kept.all():
        return frame
    if not kept.any():
        raise InvalidInput("every value of the target is missing", field="target_column_name")
    repairs.append(f"{int((~kept).sum())} rows whose target is missing or no finite number were left out.")
    return frame[kept]


def _check_target(values: list[Any], settings: Settings) -> None:
    distinct = set()
    for value in values:
        distinct.add(str(value))
        if len(distinct) > 1:
            return
    text = f"the target '{settings.target}' has one value only: {next(iter(distinct))}"
    raise InvalidInput(text, field="target_column_name", mend="there is nothing to predict")
