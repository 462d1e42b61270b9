"""What a job leaves beside its model: charts as data and pictures, and how the features were made."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

from modelyard.automl.featurize.design import View
from modelyard.automl.featurize.feature_plan import FeaturePlan
from modelyard.automl.featurize.featurizer import Featurizer
from modelyard.automl.job_results import Results
from modelyard.automl.outcome.charts.charts import charts
from modelyard.automl.plan.settings import Featurization
from modelyard.automl.task import Task


class Finished:
    """A predictor as far as its results are written."""

    def __init__(self, record: Any, featurizers: dict[str, Featurizer]) -> None:
        self.record = record
        self.model = SimpleNamespace(featurizers=featurizers)

    def export_mlflow(self, folder: Path) -> None:
        folder.mkdir(parents=True)

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True)

    def leaderboard(self) -> pd.DataFrame:
        return pd.DataFrame({"algorithm": ["LightGBM"]})


def test_charts_and_features_are_written(tmp_path: Path) -> None:
    frame, target = pd.DataFrame({"x": np.arange(60.0) % 7}), np.arange(60) % 2
    featurizer = Featurizer(FeaturePlan.make(frame, target, Task.BINARY, Featurization()), View.TREE)
    featurizer.fit_transform(frame, target, seed=0)
    told = np.stack([1 - target * 0.9, target * 0.9], axis=1)
    record = SimpleNamespace(
        charts={"validation": {"roc": charts(Task.BINARY, target, told)["roc"], "pie": {"schema_type": "pie"}}}
    )
    said: list[str] = []
    results = Results(tmp_path, said.append)
    results.write(Finished(record, {"tree/0": featurizer, "tree/1": featurizer}))
    assert json.loads((tmp_path / "charts/validation/roc.json").read_text())["schema_type"] == "roc"
    assert (tmp_path / "charts/validation/roc.png").read_bytes().startswith(b"\x89PNG")
    assert "x" in (tmp_path / "features/tree.svg").read_text()
    assert "charts/validation/pie.png was not written" in said[0]
