"""Exported models: read by MLflow's own code where Modelyard is not, and by the scorer's quick loader."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from modelyard.automl.outcome import mlflow_model
from modelyard.automl.outcome.fitted_model import FittedModel
from modelyard.automl.outcome.onnx_members import with_onnx
from modelyard.automl.task import Task
from modelyard.domain.errors import Conflict, InvalidInput
from modelyard.scorer.features import Features
from modelyard.scorer.loading import load_mlflow_model
from modelyard.scorer.model import MlflowFiles
from modelyard.scorer.tables import from_rows

from .conftest import CLASSES, predictor_of

PLAIN_MLFLOW = '''
import json, sys, warnings
warnings.simplefilter("ignore")
class Absent:
    """Modelyard is not installed here."""
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "modelyard":
            raise ModuleNotFoundError(name, name=name)
sys.meta_path.insert(0, Absent())
import mlflow.pyfunc, mlflow.sklearn, pandas
from sklearn.inspection import permutation_importance
from sklearn.metrics import get_scorer
folder, rows = sys.argv[1:]
frame = pandas.read_json(rows, orient="split")
estimator = mlflow.sklearn.load_model(folder)
generic = mlflow.pyfunc.load_model(folder)
labels = estimator.predict(frame)
told = {
    "sklearn": estimator.predict_proba(frame).tolist(),
    "labels": labels.tolist(),
    "pyfunc": generic.predict(frame).tolist(),
    "pyfunc_proba": generic.predict(frame, params={"method": "predict_proba"}).tolist(),
    "auc": get_scorer("roc_auc")(estimator, frame, labels),
    "importances": permutation_importance(estimator, frame, labels, n_repeats=1).importances_mean.tolist(),
    "classes": estimator.classes_.tolist(),
    "example": generic.predict(generic.input_example).tolist(),
}
print(json.dumps(told))
'''


def exported(model: FittedModel, folder: Path) -> Path:
    return predictor_of(model).export_mlflow(folder / "model")


@pytest.mark.slow
def test_plain_mlflow_answers_without_modelyard(models: dict[Task, FittedModel], table: pd.DataFrame, tmp_path: Path):
    folder = exported(models[Task.BINARY], tmp_path)
    table.to_json(tmp_path / "rows.json", orient="split")
    done = subprocess.run(
        [sys.executable, "-c", PLAIN_MLFLOW, str(folder), str(tmp_path / "rows.json")],
        capture_output=True,
        text=True,
        timeout=200,
        env={**os.environ, "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "true"},
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    expected = models[Task.BINARY].outputs(table)
    np.testing.assert_allclose(told["sklearn"], expected)
    np.testing.assert_allclose(told["pyfunc_proba"], expected)
    assert told["pyfunc"] == told["labels"] == models[Task.BINARY].predict(table).tolist()
    assert told["auc"] == 1.0
    assert max(told["importances"]) > 0
    assert told["classes"] == ["no", "yes"]
    assert len(told["example"]) == 1


@pytest.mark.parametrize("task", CLASSES)
def test_the_scorer_takes_its_quick_loader(
    task: Task, models: dict[Task, FittedModel], table: pd.DataFrame, tmp_path: Path
):
    loaded = load_mlflow_model(MlflowFiles.read(exported(models[task], tmp_path)))
    assert loaded.loader == "automl"
    rows = json.loads(table.to_json(orient="split"))["data"]
    features = Features(from_rows(rows, "data", list(table.columns)), loaded.signature)
    np.testing.assert_array_equal(loaded.predict(features, None), models[task].predict(table))
    if task is not Task.REGRESSION:
        shares = loaded.predict(features, {"method": "predict_proba"})
        np.testing.assert_allclose(shares, models[task].outputs(table))
    with pytest.raises(InvalidInput):
        loaded.predict(features, {"method": "transform" if task is not Task.REGRESSION else "predict_proba"})


def test_what_lies_in_the_folder(models: dict[Task, FittedModel], tmp_path: Path):
    folder = exported(models[Task.BINARY], tmp_path)
    mlmodel = yaml.safe_load((folder / "MLmodel").read_text())
    assert set(mlmodel["flavors"]) == {"python_function", "sklearn"}
    columns = json.loads(mlmodel["signature"]["inputs"])
    assert [(column["name"], column["type"]) for column in columns] == [
        ("age", "long"),
        ("income", "double"),
        ("town", "string"),
    ]
    requirements = (folder / "requirements.txt").read_text().splitlines()
    assert {line.split("==")[0] for line in requirements} >= {"mlflow", "lightgbm", "numpy", "scikit-learn", "skops"}
    assert all("==" in line for line in requirements)
    assert not list(folder.rglob("*.pkl"))
    assert MlflowFiles.read(folder).pickles() == []
    with pytest.raises(Conflict):
        mlflow_model.export(models[Task.BINARY], folder)


def test_a_model_in_onnx_needs_no_lightgbm(models: dict[Task, FittedModel], table: pd.DataFrame, tmp_path: Path):
    converted, checks = with_onnx(models[Task.BINARY], table)
    if not all(check.kept == "onnx" for check in checks):
        pytest.skip("this machine's native form is the quicker one")
    folder = mlflow_model.export(converted, tmp_path / "model")
    requirements = (folder / "requirements.txt").read_text()
    assert "onnxruntime==" in requirements
    assert "lightgbm" not in requirements
    loaded = load_mlflow_model(MlflowFiles.read(folder))
    assert loaded.loader == "automl"


def test_metadata_of_any_kind_is_written(models: dict[Task, FittedModel], tmp_path: Path):
    told = {"task": Task.BINARY, "folds": (1, 2), "score": np.float64(0.5), "rows": np.int64(3), "none": None}
    folder = mlflow_model.export(models[Task.BINARY], tmp_path / "model", metadata=told)
    stored = yaml.safe_load((folder / "MLmodel").read_text())["metadata"]
    assert stored == {"task": "binary", "folds": [1, 2], "score": 0.5, "rows": 3, "none": None}
