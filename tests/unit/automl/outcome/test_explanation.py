"""Contributions add up, tell the columns apart, and name the column that a feature came from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from modelyard.automl.outcome.explanation import explain, source_column
from modelyard.automl.outcome.fitted_model import FittedModel
from modelyard.automl.outcome.onnx_members import with_onnx
from modelyard.automl.task import Task

from .conftest import CLASSES


@pytest.mark.parametrize("task", CLASSES)
def test_trees_are_taken_apart_exactly(task: Task, models: dict[Task, FittedModel], table: pd.DataFrame):
    found = explain(models[task], table)
    assert found.method == "tree_shap"
    assert next(iter(found.importances)) in table.columns
    assert sorted(found.importances.values(), reverse=True) == list(found.importances.values())
    outputs = models[task].outputs(table)
    assert found.contributions is not None
    assert found.base is not None
    margin = found.contributions.sum(axis=1) + found.base
    if task is Task.REGRESSION:
        np.testing.assert_allclose(margin, outputs, rtol=1e-6)
    elif task is Task.BINARY:
        assert np.corrcoef(margin, outputs[:, 1])[0, 1] > 0.95
    frame = found.frame()
    assert frame.shape == (60, 3 * max(1, len(CLASSES[task]) if task is Task.MULTICLASS else 1))


def test_other_members_are_sampled(models: dict[Task, FittedModel], table: pd.DataFrame):
    exact = explain(models[Task.REGRESSION], table)
    converted, checks = with_onnx(models[Task.REGRESSION], table)
    if not all(check.kept == "onnx" for check in checks):
        pytest.skip("this machine's native form is the quicker one")
    sampled = explain(converted, table, rows=40, seconds=5)
    assert sampled.method == "sampled_shap"
    assert next(iter(sampled.importances)) == next(iter(exact.importances))
    assert sampled.contributions is not None
    assert sampled.contributions.shape == (40, 3)


def test_features_lead_back_to_columns():
    columns = {"note": 0, "note:long": 1, "age": 2}
    assert source_column("age", columns) == "age"
    assert source_column("note:svd3", columns) == "note"
    assert source_column("note:long:svd3", columns) == "note:long"
    assert source_column("town=Lyon", columns) is None


def test_rows_are_drawn_where_there_are_many(models: dict[Task, FittedModel], table: pd.DataFrame):
    assert len(explain(models[Task.BINARY], table, rows=10).frame()) == 10


def test_onnx_is_kept_only_within_tolerance(
    models: dict[Task, FittedModel], table: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("modelyard.automl.outcome.onnx_members.TOLERANCE", -1.0)
    same, checks = with_onnx(models[Task.BINARY], table)
    assert [check.kept for check in checks] == ["native"] * 3
    assert "differ" in checks[0].reason
    assert same == replace(models[Task.BINARY], ensemble=same.ensemble)
    _, late = with_onnx(models[Task.BINARY], table, seconds=-1)
    assert {check.reason for check in late} == {"there was no time to convert it"}
