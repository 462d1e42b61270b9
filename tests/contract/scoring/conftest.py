"""Models trained and saved once per session by MLflow, and workers started as real processes."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

SCORER = Path(__file__).parents[3] / "src" / "modelyard" / "scorer" / "__main__.py"


@dataclass
class SavedModel:
    path: Path
    names: list[str]
    rows: list[list[Any]]
    predictions: Any
    """What `mlflow.pyfunc` predicts for the rows."""


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("worker", timeout=20)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(20)
        self.sock.connect(self._path)


@dataclass
class RunningWorker:
    directory: Path
    process: subprocess.Popen[bytes]
    socket: str

    def ask(
        self, method: str, target: str, body: bytes = b"", content_type: str = "application/json"
    ) -> tuple[int, Any]:
        connection = UnixConnection(self.socket)
        connection.request(method, target, body, {"content-type": content_type})
        response = connection.getresponse()
        text = response.read()
        connection.close()
        return response.status, json.loads(text) if response.headers["content-type"] == "application/json" else text

    def ready(self) -> dict[str, Any]:
        return self.written("ready.json")

    def written(self, name: str) -> dict[str, Any]:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            for found in (name, "ready.json", "failed.json"):
                if (self.directory / found).exists():
                    assert found == name, (self.directory / "scorer.log").read_text()
                    return json.loads((self.directory / name).read_text())
            time.sleep(0.02)
        raise AssertionError((self.directory / "scorer.log").read_text())


def searched_model(path: Path, frame: Any, target: Any) -> SavedModel:
    """A predictor of one small member, as AutoML exports it."""
    import mlflow

    from modelyard.automl.ensemble.fitted_ensemble import FittedEnsemble
    from modelyard.automl.featurize.design import View
    from modelyard.automl.featurize.feature_plan import FeaturePlan
    from modelyard.automl.featurize.featurizer import Featurizer
    from modelyard.automl.models.lightgbm import LightGBMModel
    from modelyard.automl.models.tabular_model import Means, Part
    from modelyard.automl.outcome.fitted_model import FittedModel
    from modelyard.automl.outcome.input_table import columns_of_frame
    from modelyard.automl.outcome.predictor import Predictor
    from modelyard.automl.outcome.search_record import SearchRecord
    from modelyard.automl.plan.settings import Featurization
    from modelyard.automl.task import Task

    task = Task.MULTICLASS
    featurizer = Featurizer(FeaturePlan.make(frame, target, task, Featurization()), View.TREE)
    design = featurizer.fit_transform(frame, target, 0)
    member = LightGBMModel(task, 3, {"trees": 5, "min_data_in_leaf": 5}).fit(Part(design, target), None, Means())
    labels = ("setosa", "versicolor", "virginica")
    model = FittedModel(task, columns_of_frame(frame), labels, {"tree": featurizer}, FittedEnsemble.single(member))
    Predictor(model, SearchRecord("kind", "accuracy")).export_mlflow(path)
    sample = frame.iloc[[0, 60, 120, 149]]
    expected = mlflow.pyfunc.load_model(str(path)).predict(sample)
    return SavedModel(path, list(frame.columns), sample.to_numpy().tolist(), np.asarray(expected).tolist())


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, SavedModel]:
    """A pipeline over text and numbers, LightGBM as booster and as classifier, and a model of one's own class."""
    warnings.simplefilter("ignore")
    import lightgbm
    import mlflow
    import mlflow.lightgbm
    import mlflow.sklearn
    from sklearn.compose import make_column_transformer
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    root = tmp_path_factory.mktemp("models")
    features, target = load_iris(return_X_y=True, as_frame=True)
    mixed = features.assign(
        garden=["north" if n % 3 else "south" for n in range(len(features))], count=range(len(features))
    )
    kinds = np.array(["setosa", "versicolor", "virginica"])[target]
    columns = make_column_transformer(
        (StandardScaler(), [*features.columns, "count"]), (OneHotEncoder(handle_unknown="ignore"), ["garden"])
    )
    pipeline = make_pipeline(columns, LogisticRegression()).fit(mixed, kinds)
    binary = (target == 1).astype(int)
    booster = lightgbm.train({"objective": "binary", "verbose": -1}, lightgbm.Dataset(features, binary), 10)
    classifier = lightgbm.LGBMClassifier(n_estimators=5, verbose=-1).fit(features, kinds)

    # Without type hints: MLflow would read them as a schema.
    class Sum(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
        def predict(self, context, model_input, params=None):  # type: ignore[no-untyped-def]
            return model_input.sum(axis=1) * (params or {}).get("factor", 1)

    def saved(name: str, frame: Any, predictions: Any, save: Callable[..., None], **more: Any) -> SavedModel:
        signature = mlflow.models.infer_signature(frame, predictions, params=more.pop("params", None))
        # Named requirements: to infer them, MLflow would load each model in a process of its own.
        save(path=str(root / name), signature=signature, pip_requirements=["mlflow"], **more)
        sample = frame.iloc[[0, 60, 120, 149]]
        expected = mlflow.pyfunc.load_model(str(root / name)).predict(sample)
        return SavedModel(root / name, list(frame.columns), sample.to_numpy().tolist(), np.asarray(expected).tolist())

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {
            "automl": searched_model(root / "automl", mixed, np.asarray(target)),
            "sklearn": saved(
                "sklearn", mixed, pipeline.predict(mixed), mlflow.sklearn.save_model, sk_model=pipeline,
                serialization_format="cloudpickle",
            ),
            "booster": saved(
                "booster", features, booster.predict(features), mlflow.lightgbm.save_model, lgb_model=booster
            ),
            "classifier": saved(
                "classifier", features, classifier.predict(features), mlflow.lightgbm.save_model, lgb_model=classifier
            ),
            "own": saved(
                "own", features, features.sum(axis=1), mlflow.pyfunc.save_model,
                python_model=Sum(), params={"factor": 1},
            ),
        }  # fmt: skip


@pytest.fixture(scope="session")
def start_worker() -> Iterator[Callable[..., RunningWorker]]:
    """Starts a worker for a document; all are ended with the session."""
    started: list[subprocess.Popen[bytes]] = []
    with tempfile.TemporaryDirectory(prefix="my-") as root:

        def start(**document: Any) -> RunningWorker:
            directory = Path(root) / str(len(started))
            directory.mkdir()
            address = str(directory / "scorer.sock")
            limits = {"max_concurrent_requests": 4, **document.pop("limits", {})}
            whole = {"version": 1, "id": "i", "endpoint": "e", "deployment": "d", "socket": address, "limits": limits}
            (directory / "instance.json").write_text(json.dumps(whole | document))
            environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "OMP_NUM_THREADS": "1"}
            with (directory / "scorer.log").open("wb") as log:
                command = [sys.executable, "-P", str(SCORER), str(directory)]
                started.append(subprocess.Popen(command, stdout=log, stderr=log, env=environment))
            return RunningWorker(directory, started[-1], address)

        yield start
        for process in started:
            process.kill()
            process.wait()


@pytest.fixture(scope="session")
def workers(models: dict[str, SavedModel], start_worker: Callable[..., RunningWorker]) -> dict[str, RunningWorker]:
    """A ready worker for each model."""
    found = {name: start_worker(model={"path": str(one.path), "type": "mlflow_model"}) for name, one in models.items()}
    for worker in found.values():
        worker.ready()
    return found
