"""What is refused before any training, and what is mended and said."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from modelyard.automl.featurize.cells import is_missing, label, number, number_of_text
from modelyard.automl.featurize.target import plain_values, told_task
from modelyard.automl.plan.settings import Settings
from modelyard.automl.task import Task
from modelyard.domain.errors import InvalidInput, did_you_mean

_LEAST_ROWS = 10
_MOST_CLASSES = 1000
_UNREADABLE_SHARE = 0.05
"""Of a numeric target; beyond it the target is no number."""
_LARGEST = 1e30
"""Squares of a target beyond it leave the range of the numbers that models are made of."""
_TARGET = "target_column_name"


def checked(frame: Any, settings: Settings, *, to_learn: bool = True) -> tuple[Any, list[str]]:
    """The frame with what could be mended, and a line for each repair. Without `to_learn` it is one to judge on: it
    may be short, and lack classes.

    Raises:
        InvalidInput: it cannot be learnt from.
    """
    repairs: list[str] = []
    _check_names(frame, settings)
    frame = _named(frame, repairs)
    _check_roles(frame, settings)
    values = plain_values(frame[settings.target])
    task = settings.task or _told(values)
    frame = _with_target(frame, values, task, settings, repairs)
    if to_learn:
        if task.is_classification:
            frame = _without_single_rows(frame, settings, repairs)
        if len(frame) < _LEAST_ROWS:
            text = f"{len(frame)} rows with a target are too few to learn from"
            raise InvalidInput(text, field="training_data", mend=f"give at least {_LEAST_ROWS}")
        _check_variety(plain_values(frame[settings.target]), task, settings)
    repairs += _infinite(frame, settings)
    return frame.reset_index(drop=True), repairs


def _check_names(frame: Any, settings: Settings) -> None:
    names = [str(name) for name in frame.columns]
    if not names or not len(frame):
        raise InvalidInput("the table is empty", field="training_data", mend="give it rows and columns")
    if names.count(settings.target) > 1:
        text = f"there are {names.count(settings.target)} columns '{settings.target}'"
        raise InvalidInput(text, field=_TARGET, mend="name the target apart from other columns")


def _named(frame: Any, repairs: list[str]) -> Any:
    """Names are texts and differ; columns of one name and the same values become one."""
    names = [str(name) for name in frame.columns]
    taken, kept, unique, dropped = set(names), [], [], []
    first: dict[str, int] = {}
    for place, name in enumerate(names):
        if name not in first:
            first[name] = place
            chosen = name
        elif frame.iloc[:, first[name]].equals(frame.iloc[:, place]):
            dropped.append(name)
            continue
        else:
            number = 1
            while f"{name}.{number}" in taken:
                number += 1
            chosen = f"{name}.{number}"
            taken.add(chosen)
        kept.append(place)
        unique.append(chosen)
    if dropped:
        repairs.append(f"Of columns of the same name and values one was kept: {_some(dropped)}.")
    renamed = [name for name in unique if name not in first]
    if renamed:
        repairs.append(f"Columns of the same name were renamed: {_some(renamed)}.")
    if unique != list(frame.columns):
        frame = frame.iloc[:, kept].copy(deep=False)
        frame.columns = unique
    return frame


def _check_roles(frame: Any, settings: Settings) -> None:
    roles = [(settings.target, _TARGET)]
    if settings.weight_column is not None:
        roles.append((settings.weight_column, "weight_column_name"))
    roles += [(name, "cv_split_column_names") for name in settings.validation.cv_split_columns]
    roles += [(name, "group_column_names") for name in settings.validation.group_columns]
    names = list(frame.columns)
    for name, field in roles:
        if name not in names:
            raise InvalidInput(f"there is no column '{name}'", field=field, mend=did_you_mean(name, names))
        if field != _TARGET and name == settings.target:
            raise InvalidInput(f"'{name}' is the target and cannot have another role", field=field)


def _told(values: list[Any]) -> Task:
    there = [value for value in values if not is_missing(value)]
    if not there:
        raise InvalidInput("every value of the target is missing", field=_TARGET)
    return told_task(there)


def _with_target(frame: Any, values: list[Any], task: Task, settings: Settings, repairs: list[str]) -> Any:
    there = np.array([not is_missing(value) for value in values], dtype=bool)
    if not there.any():
        raise InvalidInput("every value of the target is missing", field=_TARGET)
    read = there.copy()
    if not task.is_classification:
        read &= np.array([np.isfinite(number(value)) for value in values])
        _check_numbers([value for value, own in zip(values, there, strict=True) if own], settings)
    if read.all():
        return frame
    text = f"{int((~there).sum())} rows without a target" if not there.all() else ""
    if (there & ~read).any():
        text += f"{' and ' if text else ''}{int((there & ~read).sum())} whose target is no finite number"
    repairs.append(f"{text[0].upper()}{text[1:]} were left out.")
    return frame[read]


def _check_numbers(values: list[Any], settings: Settings) -> None:
    strange = [value for value in values if _is_strange(value)]
    if len(strange) > _UNREADABLE_SHARE * len(values):
        text = f"{len(strange)} of {len(values)} values of the target '{settings.target}' are no numbers: "
        text += ", ".join(repr(value)[:40] for value in strange[:3])
        raise InvalidInput(text, field=_TARGET, mend="is it a classification?")
    told = [abs(number(value)) for value in values]
    if not any(np.isfinite(told)):
        raise InvalidInput(f"no value of the target '{settings.target}' is finite", field=_TARGET)
    if max(one for one in told if np.isfinite(one)) > _LARGEST:
        text = f"the target '{settings.target}' reaches beyond {_LARGEST:g}"
        raise InvalidInput(text, field=_TARGET, mend="divide it by its size, or take its logarithm")


def _is_strange(value: Any) -> bool:
    """Neither a number nor infinite."""
    if isinstance(value, str):
        return number_of_text(value) is None
    try:
        float(value)
    except (TypeError, ValueError, OverflowError):
        return True
    return False


def _without_single_rows(frame: Any, settings: Settings, repairs: list[str]) -> Any:
    """Without classes of one row, which can be learnt or judged on, not both."""
    names = [label(value) for value in plain_values(frame[settings.target])]
    counts = Counter(names)
    single = {name for name, count in counts.items() if count == 1}
    if not single:
        return frame
    if len(counts) - len(single) < 2 or len(single) > 0.5 * len(names):
        text = f"{len(single)} of the {len(counts)} classes of '{settings.target}' have a single row"
        mend = "give more rows of each class; for a number to predict, use regression"
        raise InvalidInput(text, field=_TARGET, mend=mend)
    shown = _some(sorted(map(str, single)))
    repairs.append(f"Classes of a single row cannot be both learnt and judged, and were left out: {shown}.")
    return frame[[name not in single for name in names]]


def _check_variety(values: list[Any], task: Task, settings: Settings) -> None:
    distinct = {label(value) if task.is_classification else number(value) for value in values}
    if len(distinct) < 2:
        text = f"the target '{settings.target}' has one value only: {next(iter(distinct))}"
        raise InvalidInput(text, field=_TARGET, mend="there is nothing to predict")
    if task.is_classification and len(distinct) > _MOST_CLASSES:
        text = f"the target '{settings.target}' has {len(distinct)} classes, and {_MOST_CLASSES} are the most"
        raise InvalidInput(text, field=_TARGET, mend="join rare classes; for a number to predict, use regression")


def _infinite(frame: Any, settings: Settings) -> list[str]:
    names = []
    for name in frame.columns:
        values = frame[name]
        if name != settings.target and getattr(values.dtype, "kind", "O") == "f":
            plain = values.to_numpy(dtype=float, na_value=np.nan)
            if np.isinf(plain).any():
                names.append(name)
    return [f"Infinite values count as missing: {_some(names)}."] if names else []


def _some(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
