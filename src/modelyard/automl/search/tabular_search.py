"""The flow of a search over a table: prepare, race, finish, write down."""

from __future__ import annotations

import hashlib
import tempfile
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from modelyard.automl.ensemble.greedy import held_rows
from modelyard.automl.outcome.metadata import metadata
from modelyard.automl.outcome.predictor import Predictor
from modelyard.automl.outcome.search_record import SearchRecord
from modelyard.automl.plan.budget import Budget
from modelyard.automl.plan.portfolio import allowed_models
from modelyard.automl.plan.resources import share_machine
from modelyard.automl.plan.settings import Settings
from modelyard.automl.search.candidate import split_metrics
from modelyard.automl.search.finish import Finish, finish
from modelyard.automl.search.listening import Record
from modelyard.automl.search.preparation import HeldOut, Prepared, prepare
from modelyard.automl.search.race import Race, Track
from modelyard.automl.search.warming import NEEDED, warm
from modelyard.automl.search.workers import PRELOADED, Workers
from modelyard.automl.trial import Listener
from modelyard.automl.validate.intervals import bootstrap
from modelyard.automl.validate.metrics import all_metrics

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
            prepared = prepare(frame, settings, record, validation=validation, test=test)
            table = prepared.table
            table.write(folder)
            training = settings.training
            track = Track(
                table, folder, prepared.metric, settings.limits, allowed_models(table.task, training),
                training.allowed is not None, budget, resources, workers, record, table.plan.hash,
                settings.validation.folds is not None or bool(settings.validation.cv_split_columns),
            )  # fmt: skip
            record.started(_facts(settings, prepared, track))
            warm(
                dict.fromkeys((*NEEDED, *(model.extra_module for model in track.models.values() if model.extra_module)))
            )
            race = Race(track)
            race.run()
            record.message(f"The search ended: {race.ended_because}.")
            done = finish(race, training, settings.choice)
    found = _record(settings, prepared, done, record, started_at)
    found = replace(found, metadata={**metadata(done.model, found), **found.metadata})
    return Predictor(done.model, found, done.last.explanation)


def _libraries(track: Track) -> set[str]:
    return {model.extra_module for model in track.models.values() if model.extra_module}


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


def _record(settings: Settings, prepared: Prepared, done: Finish, record: Record, started_at: float) -> SearchRecord:
    table = prepared.table
    prediction = done.winner.prediction
    held = held_rows([prediction])
    metrics = {"validation": split_metrics(table, held, prediction[held])}
    validation = {**table.splits.to_dict(), "rows_judged_on": int(held.sum())}
    interval = None
    if done.estimate is not None:
        interval = (done.estimate.low, done.estimate.high)
        validation |= {"expected_score": done.estimate.score, "expected_by": done.estimate.method}
    if prepared.held_out is not None:
        own = prepared.held_out
        outputs = done.model.outputs(own.frame)
        metrics[own.split] = _held_out_metrics(own, prepared, outputs)
        found = bootstrap(prepared.metric, own.target, outputs, own.weight, seed=settings.seed)
        interval = (found.low, found.high)
        validation |= {"expected_score": found.score, "expected_by": found.method}
    return SearchRecord(
        target=settings.target,
        metric=prepared.metric.name,
        trials=tuple(record.trials),
        winner=done.number,
        settings=asdict(settings),
        validation=validation,
        metrics=metrics,
        interval=interval,
        guardrails=prepared.guardrails,
        features=table.plan.to_dict(),
        data={"rows": prepared.rows, "columns": len(table.columns), "hash": _data_hash(table.frame, table.target)},
        metadata={
            "ranking": [asdict(each) for each in done.ranking[:50]],
            "refitted": done.refitted,
            "onnx": done.last.onnx,
        },
        started_at=started_at,
        ended_at=time.time(),
        messages=tuple(record.messages),
    )


def _held_out_metrics(own: HeldOut, prepared: Prepared, outputs: np.ndarray) -> dict[str, float]:
    task = prepared.table.task
    extent = None if task.is_classification else float(np.ptp(prepared.table.target))
    return all_metrics(task, own.target, outputs, own.weight, extent=extent)


def _data_hash(frame: Any, target: np.ndarray) -> str:
    """Of names, types, shape and target: cheap, and different for what is told apart in practice."""
    digest = hashlib.sha256(repr([(str(name), str(frame[name].dtype)) for name in frame.columns]).encode())
    digest.update(np.ascontiguousarray(target).tobytes())
    return digest.hexdigest()
