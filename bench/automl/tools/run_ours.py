"""Our engine."""

import os
import sys
import time
from pathlib import Path

from task import BenchTask, folder_bytes, frames, leave

from modelyard import automl
from modelyard.kit.version import VERSION

task = BenchTask.read(sys.argv[1])
train, test = frames(task)
metric = {"roc_auc": "auc_weighted"}.get(task.metric, task.metric)
begun = time.perf_counter()
predictor = automl.fit(
    train, target=task.target, task=task.task, metric=metric, timeout_seconds=task.budget, seed=task.seed,
    progress="plain" if os.environ.get("BENCH_VERBOSE") else "none",
)  # fmt: skip
seconds = time.perf_counter() - begun
saved = predictor.save(Path(task.folder) / "model")
classification = task.task != "regression"
leave(
    task,
    classes=list(predictor.classes) if classification else [],
    predict=predictor.predict_proba if classification else predictor.predict,
    test=test.drop(columns=task.target),
    fit_seconds=seconds,
    size=folder_bytes(saved),
    version=VERSION,
    notes=", ".join(f"{name} {share:.2f}" for name, share in predictor.model.ensemble.shares()),
)
