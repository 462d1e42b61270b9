"""The end of a search: the predictor, and the record of how it came about."""

from __future__ import annotations

import time
from dataclasses import asdict, replace

import numpy as np

from modelyard.automl.ensemble.greedy import held_rows
from modelyard.automl.outcome.charts.charts import charts
from modelyard.automl.outcome.metadata import frame_hash, metadata
from modelyard.automl.outcome.predictor import Predictor
from modelyard.automl.outcome.search_record import SearchRecord
from modelyard.automl.plan.settings import Settings
from modelyard.automl.search.candidate import split_metrics
from modelyard.automl.search.finish import Finish
from modelyard.automl.search.listening import Record
from modelyard.automl.search.preparation import HeldOut, Prepared
from modelyard.automl.validate.intervals import bootstrap
from modelyard.automl.validate.metrics import all_metrics


def written_down(settings: Settings, prepared: Prepared, done: Finish, record: Record, started_at: float) -> Predictor:
    """The predictor of a finished search."""
    found = _record(settings, prepared, done, record, started_at)
    found = replace(found, metadata={**metadata(done.model, found), **found.metadata})
    return Predictor(done.model, found, done.last.explanation)


def _record(settings: Settings, prepared: Prepared, done: Finish, record: Record, started_at: float) -> SearchRecord:
    table = prepared.table
    prediction = done.winner.prediction
    held = held_rows([prediction])
    metrics = {"validation": split_metrics(table, held, prediction[held])}
    told = done.last.explanation.importances if done.last.explanation is not None else None
    drawn = {"validation": charts(table.task, table.target, prediction, classes=table.labels, importances=told)}
    validation = {**table.splits.to_dict(), "rows_judged_on": int(held.sum())}
    interval = None
    if done.estimate is not None:
        interval = (done.estimate.low, done.estimate.high)
        validation |= {"expected_score": done.estimate.score, "expected_by": done.estimate.method}
    if prepared.held_out is not None:
        own = prepared.held_out
        outputs = done.model.outputs(own.frame)
        metrics[own.split] = _held_out_metrics(own, prepared, outputs)
        drawn[own.split] = charts(table.task, own.target, outputs, classes=table.labels)
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
        charts=drawn,
        features=table.plan.to_dict(),
        data={"rows": prepared.rows, "columns": len(table.columns), "hash": frame_hash(table.frame)},
        metadata={
            "ranking": [asdict(each) for each in done.ranking[:50]],
            "refitted": done.refitted,
            "onnx": done.last.onnx,
            "measures": asdict(done.measures),
        },
        started_at=started_at,
        ended_at=time.time(),
        messages=tuple(record.messages),
    )


def _held_out_metrics(own: HeldOut, prepared: Prepared, outputs: np.ndarray) -> dict[str, float]:
    task = prepared.table.task
    extent = None if task.is_classification else float(np.ptp(prepared.table.target))
    return all_metrics(task, own.target, outputs, own.weight, extent=extent)
