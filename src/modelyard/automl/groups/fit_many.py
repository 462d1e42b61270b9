"""A model for each group of a table, in parallel, within one budget."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any

import numpy as np

from modelyard.automl.featurize.reading import read
from modelyard.automl.groups.grouped_table import GroupedTable
from modelyard.automl.groups.groups_predictor import GroupResult, GroupsPredictor, GroupStatus
from modelyard.automl.groups.groups_run import GroupsRun
from modelyard.automl.outcome.metadata import environment
from modelyard.automl.outcome.search_record import SearchRecord
from modelyard.automl.plan.options import settings_of
from modelyard.automl.plan.resources import available_cores
from modelyard.automl.plan.settings import Choice, Settings, Validation
from modelyard.automl.progress import listener_for
from modelyard.automl.search.finish import NoModel
from modelyard.automl.search.listening import Record
from modelyard.automl.search.workers import Workers
from modelyard.automl.task import Task
from modelyard.automl.trial import Listener, TrialResult, TrialStatus
from modelyard.automl.validate.metrics import metric
from modelyard.domain.errors import InvalidInput

_KEPT_BACK = 0.03
"""Of the budget, for putting the models together."""
_NAME = "ManyModels"
_PRELOADED = ("numpy", "lightgbm", "modelyard.automl.groups.light_search", "modelyard.automl.models.catalogue:models")


def fit_many(
    data: Any,
    target: str | None = None,
    by: str | Sequence[str] = (),
    task: Task | str | None = None,
    *,
    settings: Settings | None = None,
    listener: Listener | None = None,
    progress: str = "auto",
    fallback: bool = True,
    min_rows: int = 20,
    **options: Any,
) -> GroupsPredictor:
    """One model for each value of the columns `by`, behind one predictor.

    For each group a few candidates (the allowed algorithms, at most `max_trials` of them) are tried on held-out rows
    and the best is fitted to all of its rows. A group that fails, is smaller than `min_rows` or finds the budget spent
    costs only itself: its rows are answered by the fallback, a model of rows of all groups, where `fallback` is on.
    `data` and `options` are those of `fit`. Ctrl-C ends the training and returns the models so far.

    Raises:
        InvalidInput: a column is missing, the target cannot be learnt, a setting has no meaning here.
        NoModel: no group has a model, and there is no fallback.
    """
    begun, started_at = time.monotonic(), time.time()
    chosen = settings_of(target, task, options) if settings is None else settings
    _refuse(chosen)
    record = Record([listener if listener is not None else listener_for(progress)])
    names = (by,) if isinstance(by, str) else tuple(by)
    table = GroupedTable.of(read(data), names, chosen)
    shared = table.light_task(chosen)
    limits = chosen.limits
    for text in (*table.repairs, *_not_used(chosen)):
        record.message(text)
    parts = table.parts()
    large = [part for part in parts if len(part.rows) >= min_rows]
    count = max(1, min(limits.max_concurrent_trials or available_cores(), len(large) + 1))
    record.started(_facts(chosen, table, shared.metric, shared.algorithms, len(parts), count))
    end = begun + (1 - _KEPT_BACK) * limits.timeout_seconds
    run = GroupsRun(table, shared, end, limits.trial_timeout_seconds, record)
    for part in parts:
        if len(part.rows) < min_rows:
            run.skip(part, GroupStatus.TOO_SMALL, f"{len(part.rows)} rows, fewer than {min_rows}")
    memory = limits.memory_bytes // count if limits.memory_bytes else None
    with Workers(count, memory, preload=_PRELOADED) as pool:
        run.train([*([table.sample(chosen.seed)] if fallback else []), *large], pool)
    model = run.model()
    if not model.archives and model.fallback is None:
        why = next((one.error for one in run.results if one.error), "no time")
        raise NoModel(f"none of {len(parts)} groups has a model: {why}", mend="give it more time")
    results = sorted(run.results, key=lambda one: one.group)
    _tell_whole(record, results, shared.metric, len(record.trials), started_at)
    found = _record(chosen, table, shared.metric, record, results, started_at)
    return GroupsPredictor(model, found, results, time.monotonic() - begun)


def _refuse(settings: Settings) -> None:
    if settings.forecasting is not None or settings.task is Task.FORECASTING:
        raise InvalidInput(
            "A forecast of many series needs no model a group.",
            field="many_models_by",
            mend="name the columns in time_series_id_column_names: all series are learnt together",
        )
    if settings.weight_column is not None:
        raise InvalidInput("Weights are not learnt with a model a group.", field="weight_column_name")


def _not_used(settings: Settings) -> list[str]:
    """Settings that say nothing to a model a group; told, so that nothing is ignored in silence."""
    asked = [
        one.name
        for part, default in ((settings.validation, Validation()), (settings.choice, Choice()))
        for one in fields(part)
        if getattr(part, one.name) != getattr(default, one.name)
    ]
    return [f"Not used with a model a group: {', '.join(asked)}."] if asked else []


def _facts(
    settings: Settings, table: GroupedTable, name: str, algorithms: Sequence[str], groups: int, workers: int
) -> dict[str, Any]:
    seconds = settings.limits.timeout_seconds
    return {
        "task": str(table.coding.task),
        "target": settings.target,
        "metric": name,
        "greater_is_better": metric(name).greater_is_better,
        "rows": len(table.target),
        "columns": len(table.columns),
        "classes": [str(label) for label in table.coding.classes[:100]],
        "groups": groups,
        "by": list(table.by),
        "validation": _validation(),
        "algorithms": list(algorithms),
        "features": table.plan.to_dict(),
        "guardrails": [],
        "workers": workers,
        "threads": 1,
        "timeout_seconds": seconds,
        "deadline_at": time.time() + seconds,
        "max_trials": groups,
    }


def _validation() -> dict[str, Any]:
    return {"scheme": "holdout in each group", "reason": "a fifth of its rows, or three folds where there are few"}


def _mean_score(results: Sequence[GroupResult]) -> float | None:
    """Of the groups that were scored, each as often as it has rows."""
    scored = [(one.score, one.rows) for one in results if one.score is not None]
    return float(np.average([score for score, _ in scored], weights=[rows for _, rows in scored])) if scored else None


def _tell_whole(record: Record, results: Sequence[GroupResult], name: str, number: int, started_at: float) -> None:
    """The models together, as the trial that is deployed."""
    counts = {str(status): sum(one.status is status for one in results) for status in GroupStatus}
    score = _mean_score(results)
    record.trial_started(number, _NAME, counts)
    record.trial_ended(
        TrialResult(
            number,
            _NAME,
            counts,
            TrialStatus.COMPLETED,
            score=score,
            metrics={} if score is None else {"validation": {name: score}},
            size_bytes=sum(one.size_bytes or 0 for one in results),
            origin="ensemble",
            started_at=started_at,
            ended_at=time.time(),
        )
    )


def _record(
    settings: Settings,
    table: GroupedTable,
    name: str,
    record: Record,
    results: Sequence[GroupResult],
    started_at: float,
) -> SearchRecord:
    score = _mean_score(results)
    return SearchRecord(
        target=settings.target,
        metric=name,
        trials=tuple(record.trials),
        winner=record.trials[-1].number,
        settings=asdict(settings),
        validation=_validation(),
        metrics={} if score is None else {"validation": {name: score}},
        features=table.plan.to_dict(),
        data={"rows": len(table.target), "columns": len(table.columns)},
        metadata={"by": list(table.by), "groups": len(results), "environment": environment()},
        started_at=started_at,
        ended_at=time.time(),
        messages=tuple(record.messages),
    )
