"""The flow of a search over a table: prepare, race, finish, write down."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

from modelyard.automl.outcome.predictor import Predictor
from modelyard.automl.plan.budget import Budget
from modelyard.automl.plan.notices import notices
from modelyard.automl.plan.portfolio import allowed_models
from modelyard.automl.plan.resources import share_machine
from modelyard.automl.plan.settings import Settings
from modelyard.automl.search.finish import finish
from modelyard.automl.search.listening import Record
from modelyard.automl.search.preparation import Prepared, prepare
from modelyard.automl.search.race import Race, Track
from modelyard.automl.search.workers import PRELOADED, Workers
from modelyard.automl.search.writing_down import written_down
from modelyard.automl.trial import Listener

_USUAL_FOLDS = 8
_PRELOADED = (*PRELOADED, "modelyard.automl.search.evaluation", "modelyard.automl.models.catalogue:models")


def fit_table(
    frame: Any, settings: Settings, listener: Listener, *, validation: Any = None, test: Any = None, budget: Budget
) -> Predictor:
    """The best predictor of the frame within the walls of the settings.

    Raises:
        InvalidInput: the frame or the settings do not fit, found before any training.
        NoModel: nothing that was tried can predict.
    """
    record, started_at = Record([listener]), time.time()
    resources = share_machine(settings.limits, settings.validation.folds or _USUAL_FOLDS, _bytes(frame))
    with tempfile.TemporaryDirectory(prefix="modelyard-automl-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        # They load their libraries while the data are looked at.
        with Workers(
            resources.workers, resources.memory_bytes, folder, threads=resources.threads, preload=_PRELOADED
        ) as workers:
            for notice in notices(settings):
                record.message(notice)
            prepared = prepare(frame, settings, record, validation=validation, test=test)
            table = prepared.table
            table.write(folder)
            training = settings.training
            track = Track(
                table, folder, prepared.metric, settings.limits, allowed_models(table.task, training),
                training.allowed is not None, budget, resources, workers, record, table.plan.hash,
                settings.validation.folds is not None or bool(settings.validation.cv_split_columns),
                _after_seconds(settings),
            )  # fmt: skip
            record.started(_facts(settings, prepared, track))
            race = Race(track)
            race.run()
            record.message(f"The search ended: {race.ended_because}.")
            done = finish(race, training, settings.choice)
            return written_down(settings, prepared, done, record, started_at)


def _after_seconds(settings: Settings) -> float:
    """For ensembles, the estimate of their score, measures, and the explanation where one is wanted."""
    seconds = settings.limits.timeout_seconds
    explanation = min(10.0, 0.5 + 0.05 * seconds) if settings.training.explain else 0.0
    return 0.4 + 0.05 * seconds + explanation


def _bytes(frame: Any) -> int:
    return int(frame.memory_usage(deep=False).sum())


def _facts(settings: Settings, prepared: Prepared, track: Track) -> dict[str, Any]:
    table, limits = prepared.table, settings.limits
    return {
        "task": str(table.task),
        "target": settings.target,
        "metric": prepared.metric.name,
        "greater_is_better": prepared.metric.greater_is_better,
        "rows": len(table.target),
        "columns": len(table.columns),
        "classes": [str(label) for label in table.labels[:100]],
        "validation": table.splits.to_dict(),
        "algorithms": sorted(track.models),
        "features": table.plan.to_dict(),
        "guardrails": [dict(each) for each in prepared.guardrails],
        "workers": track.resources.workers,
        "threads": track.resources.threads,
        "timeout_seconds": limits.timeout_seconds,
        "deadline_at": time.time() + track.budget.left,
        "max_trials": limits.max_trials,
    }
