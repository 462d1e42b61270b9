"""FLAML's AutoML with its defaults."""

import pickle
import sys
import time

import flaml
from task import BenchTask, frames, leave

task = BenchTask.read(sys.argv[1])
train, test = frames(task)
features, target = train.drop(columns=task.target), train[task.target]
metric = {"roc_auc": "roc_auc", "log_loss": "log_loss", "rmse": "rmse"}[task.metric]
model = flaml.AutoML()
begun = time.perf_counter()
model.fit(
    features, target, task="regression" if task.task == "regression" else "classification", metric=metric,
    time_budget=task.budget, seed=task.seed, verbose=0,
)  # fmt: skip
seconds = time.perf_counter() - begun
leave(
    task,
    classes=[] if task.task == "regression" else list(model.classes_),
    predict=model.predict if task.task == "regression" else model.predict_proba,
    test=test.drop(columns=task.target),
    fit_seconds=seconds,
    size=len(pickle.dumps(model)),
    version=flaml.__version__,
    notes=str(model.best_estimator),
)
