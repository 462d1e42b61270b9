"""LightGBM as it comes: its scikit-learn face, columns of texts as categories, nothing tuned."""

import sys
import time

import lightgbm
from task import BenchTask, frames, leave

task = BenchTask.read(sys.argv[1])
train, test = frames(task)
features = train.drop(columns=task.target)
levels = {
    name: features[name].astype("category").cat.categories
    for name in features
    if features[name].dtype.kind not in "biufM"
}


def coded(frame):
    made = frame.copy()
    for name, known in levels.items():
        made[name] = made[name].astype(known.dtype).astype("category").cat.set_categories(known)
    for name in made:
        if made[name].dtype.kind == "M":
            made[name] = made[name].astype("int64")
    return made


kind = lightgbm.LGBMRegressor if task.task == "regression" else lightgbm.LGBMClassifier
begun = time.perf_counter()
model = kind(random_state=task.seed, verbosity=-1).fit(coded(features), train[task.target])
seconds = time.perf_counter() - begun
predict = model.predict if task.task == "regression" else model.predict_proba
leave(
    task,
    classes=[] if task.task == "regression" else list(model.classes_),
    predict=lambda frame: predict(coded(frame)),
    test=test.drop(columns=task.target),
    fit_seconds=seconds,
    size=len(model.booster_.model_to_string()),
    version=lightgbm.__version__,
)
