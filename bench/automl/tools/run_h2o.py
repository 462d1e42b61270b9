"""H2O AutoML with its defaults; needs Java."""

import sys
import time
from pathlib import Path

import h2o
import numpy as np
from h2o.automl import H2OAutoML
from task import BenchTask, folder_bytes, frames, leave

task = BenchTask.read(sys.argv[1])
train, test = frames(task)
h2o.init(nthreads=2, max_mem_size="4G", bind_to_localhost=True)
h2o.no_progress()
classification = task.task != "regression"
types = {name: "enum" for name in train if train[name].dtype.kind not in "biufM"}
if classification:
    types[task.target] = "enum"
metric = {"roc_auc": "AUC", "log_loss": "logloss", "rmse": "RMSE"}[task.metric]
begun = time.perf_counter()
search = H2OAutoML(max_runtime_secs=int(task.budget), seed=task.seed, sort_metric=metric)
search.train(y=task.target, training_frame=h2o.H2OFrame(train, column_types=types))
seconds = time.perf_counter() - begun
types.pop(task.target, None)


def predict(frame):
    found = search.leader.predict(h2o.H2OFrame(frame, column_types=types)).as_data_frame()
    return found.iloc[:, 1:].to_numpy() if classification else found["predict"].to_numpy()


saved = Path(task.folder) / "model"
h2o.save_model(search.leader, path=str(saved), force=True)
leave(
    task,
    classes=list(search.leader._model_json["output"]["domains"][-1]) if classification else [],
    predict=lambda frame: np.asarray(predict(frame)),
    test=test.drop(columns=task.target),
    fit_seconds=seconds,
    size=folder_bytes(saved),
    version=h2o.__version__,
    notes=search.leader.model_id,
)
h2o.cluster().shutdown()
