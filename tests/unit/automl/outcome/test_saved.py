"""A saved predictor comes back with the same predictions; damage and other versions are told."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from modelyard.automl.outcome.fitted_model import FittedModel
from modelyard.automl.outcome.predictor import Predictor
from modelyard.automl.task import Task
from modelyard.domain.errors import InvalidInput, NotFound, Unsupported

from .conftest import CLASSES, mixed_table, predictor_of


@pytest.mark.parametrize("task", CLASSES)
def test_predictions_are_the_same_after_a_round(
    task: Task, models: dict[Task, FittedModel], table: pd.DataFrame, tmp_path
):
    predictor = predictor_of(models[task])
    back = Predictor.load(predictor.save(tmp_path / "saved"))
    np.testing.assert_array_equal(back.model.outputs(table), predictor.model.outputs(table))
    np.testing.assert_array_equal(back.predict(table), predictor.predict(table))
    assert back.classes == CLASSES[task]
    assert back.record == predictor.record
    assert not [file for file in (tmp_path / "saved").rglob("*") if file.suffix in (".pkl", ".joblib")]


def test_one_row_is_as_in_the_table(models: dict[Task, FittedModel], table: pd.DataFrame):
    predictor = predictor_of(models[Task.BINARY])
    whole = predictor.predict_proba(table)
    row = table.iloc[5]
    np.testing.assert_allclose(predictor.predict_proba(table.iloc[[5]])[0], whole[5])
    np.testing.assert_allclose(predictor.predict_proba(row.to_dict())[0], whole[5])
    np.testing.assert_allclose(predictor.predict_proba([row.to_dict()])[0], whole[5])
    assert predictor.predict(row.to_dict()).tolist() == [CLASSES[Task.BINARY][int(whole[5].argmax())]]
    assert np.allclose(whole.sum(axis=1), 1)


def test_a_regression_has_no_probabilities(models: dict[Task, FittedModel], table: pd.DataFrame):
    with pytest.raises(InvalidInput):
        predictor_of(models[Task.REGRESSION]).predict_proba(table)


def test_scores_and_boards(models: dict[Task, FittedModel]):
    predictor = predictor_of(models[Task.BINARY])
    frame = mixed_table(200, seed=2)
    frame["signal"] = np.where(frame["signal"] > 2, "yes", "no")
    frame.loc[3, "signal"] = None
    assert predictor.score(frame)["accuracy"] > 0.7
    assert predictor.leaderboard()["algorithm"].tolist() == ["LightGBM"]
    assert len(predictor.pareto()) == 1
    with pytest.raises(InvalidInput, match="perhaps"):
        predictor.score(frame.assign(signal="perhaps"))
    with pytest.raises(InvalidInput, match="signal"):
        predictor.score(frame.drop(columns=["signal"]))


def test_a_changed_file_is_refused(models: dict[Task, FittedModel], tmp_path):
    folder = predictor_of(models[Task.BINARY]).save(tmp_path)
    content = bytearray((folder / "model.zip").read_bytes())
    content[len(content) // 2] ^= 1
    (folder / "model.zip").write_bytes(bytes(content))
    with pytest.raises(InvalidInput, match=r"model\.zip"):
        Predictor.load(folder)


def test_a_later_version_is_told(models: dict[Task, FittedModel], tmp_path):
    folder = predictor_of(models[Task.BINARY]).save(tmp_path)
    manifest = json.loads((folder / "predictor.json").read_text())
    (folder / "predictor.json").write_text(json.dumps({**manifest, "version": 99}))
    with pytest.raises(Unsupported, match="99"):
        Predictor.load(folder)


def test_an_empty_folder_is_told(tmp_path):
    with pytest.raises(NotFound):
        Predictor.load(tmp_path)


def test_explaining_needs_rows_or_what_was_kept(models: dict[Task, FittedModel], table: pd.DataFrame, tmp_path):
    predictor = predictor_of(models[Task.BINARY])
    with pytest.raises(InvalidInput):
        predictor.explain()
    kept = Predictor(predictor.model, predictor.record, predictor.explain(table))
    back = Predictor.load(kept.save(tmp_path))
    assert back.explain().importances == kept.explain().importances
    with pytest.raises(InvalidInput):
        back.explain().frame()
