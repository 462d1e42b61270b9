"""Every kind of column is answered alike: as a frame, as rows, and by the endpoint's loader."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from modelyard.automl.ensemble.fitted_ensemble import FittedEnsemble
from modelyard.automl.featurize.design import View
from modelyard.automl.featurize.feature_plan import FeaturePlan
from modelyard.automl.featurize.featurizer import Featurizer
from modelyard.automl.models.ridge import Ridge
from modelyard.automl.models.tabular_model import Means, Part
from modelyard.automl.outcome import mlflow_model
from modelyard.automl.outcome.fitted_model import FittedModel
from modelyard.automl.outcome.input_table import columns_of_frame
from modelyard.automl.outcome.model_archive import model_bytes, model_from
from modelyard.automl.plan.settings import Featurization
from modelyard.automl.task import Task
from modelyard.scorer.features import Features
from modelyard.scorer.loading import load_mlflow_model
from modelyard.scorer.model import MlflowFiles
from modelyard.scorer.tables import from_records

ROWS = 120


def frame() -> pd.DataFrame:
    draw = np.random.default_rng(0)
    words = np.array(["late delivery", "broken on arrival", "very good", "as described", "would buy again"])
    return pd.DataFrame(
        {
            "count": draw.integers(0, 9, ROWS),
            "price": np.where(draw.random(ROWS) < 0.1, np.nan, draw.normal(10, 3, ROWS)),
            "member": draw.random(ROWS) > 0.5,
            "since": pd.Timestamp("2024-01-01") + pd.to_timedelta(draw.integers(0, 500, ROWS), "D"),
            "size": pd.Categorical(draw.choice(["S", "M", "L"], ROWS)),
            "seats": pd.array(np.where(draw.random(ROWS) < 0.2, None, draw.integers(1, 5, ROWS)), dtype="Int64"),
            "note": [" ".join(draw.choice(words, 3)) for _ in range(ROWS)],
            "mixed": [value if number % 3 else str(value) for number, value in enumerate(draw.integers(0, 4, ROWS))],
        }
    )


@pytest.fixture(scope="module")
def model() -> FittedModel:
    table = frame()
    target = table["count"].to_numpy() + table["member"].to_numpy() * 2.0 + np.random.default_rng(1).normal(size=ROWS)
    featurizer = Featurizer(FeaturePlan.make(table, target, Task.REGRESSION, Featurization()), View.LINEAR)
    design = featurizer.fit_transform(table, target, 0)
    ridge = Ridge(Task.REGRESSION, 1, Ridge.default(None)).fit(Part(design, target), None, Means())  # type: ignore[arg-type]
    ensemble = FittedEnsemble.single(ridge)
    return FittedModel(Task.REGRESSION, columns_of_frame(table), (), {str(View.LINEAR): featurizer}, ensemble)


def records(table: pd.DataFrame) -> list[dict[str, object]]:
    return [dict(row) for row in json.loads(table.to_json(orient="records", date_format="iso", date_unit="s"))]


def test_as_frame_as_rows_and_after_a_round(model: FittedModel):
    table = frame()
    whole = model.predict(table)
    assert np.isfinite(whole).all()
    np.testing.assert_allclose(model_from(model_bytes(model)).predict(table), whole)
    one_by_one = [model.predict(table.iloc[[number]])[0] for number in range(20)]
    np.testing.assert_allclose(one_by_one, whole[:20], rtol=1e-5)
    by_rows = [model.predict(row)[0] for row in records(table)[:20]]
    np.testing.assert_allclose(by_rows, whole[:20], rtol=1e-5)


def test_by_the_endpoints_loader(model: FittedModel, tmp_path: Path):
    loaded = load_mlflow_model(MlflowFiles.read(mlflow_model.export(model, tmp_path / "model")))
    assert loaded.loader == "automl"
    rows = records(frame())
    for row in rows:  # the signature says text
        row["mixed"] = str(row["mixed"])
    answered = loaded.predict(Features(from_records(rows, "data"), loaded.signature), None)
    np.testing.assert_allclose(answered, model.predict(frame()), rtol=1e-5)


def test_what_was_never_seen_is_answered(model: FittedModel):
    odd = {"count": None, "price": float("inf"), "member": None, "since": None, "size": "XXL", "seats": None,
           "note": None, "mixed": None}  # fmt: skip
    assert np.isfinite(model.predict(odd)).all()
