"""AutoGluon with one of its presets, the second argument."""

import sys
import time
from pathlib import Path

import autogluon.tabular as autogluon
from task import BenchTask, folder_bytes, frames, leave

task = BenchTask.read(sys.argv[1])
train, test = frames(task)
metric = {"roc_auc": "roc_auc", "log_loss": "log_loss", "rmse": "root_mean_squared_error"}[task.metric]
folder = Path(task.folder) / "model"
begun = time.perf_counter()
model = autogluon.TabularPredictor(
    task.target, problem_type=task.task, eval_metric=metric, path=str(folder), verbosity=0
)
model.fit(train, presets=sys.argv[2], time_limit=task.budget, num_cpus=2)
seconds = time.perf_counter() - begun
slim = Path(model.clone_for_deployment(path=str(Path(task.folder) / "slim"), return_clone=False))
classification = task.task != "regression"
leave(
    task,
    classes=list(model.class_labels) if classification else [],
    predict=(lambda frame: model.predict_proba(frame).to_numpy()) if classification else model.predict,
    test=test.drop(columns=task.target),
    fit_seconds=seconds,
    size=folder_bytes(slim),
    version=autogluon.__version__,
    notes=str(model.model_best),
)
