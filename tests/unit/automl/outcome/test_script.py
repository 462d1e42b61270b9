"""The script that a search leaves behind trains the same model again."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from modelyard.automl.engine import fit
from modelyard.automl.outcome.fitted_model import FittedModel
from modelyard.automl.outcome.predictor import Predictor
from modelyard.automl.task import Task

from .conftest import CLASSES, mixed_table, predictor_of


@pytest.mark.parametrize("task", CLASSES)
def test_it_is_python_that_shows_what_was_learnt(task: Task, models: dict[Task, FittedModel]):
    text = predictor_of(models[task]).script()
    ast.parse(text)
    assert "LightGBM (0.6), LightGBM (0.4)" in text
    assert "'trees': 15" in text
    assert f"task=Task('{task.value}')" in text
    assert all(len(line) <= 120 for line in text.splitlines())


def with_target(rows: int, seed: int) -> pd.DataFrame:
    table = mixed_table(rows, seed)
    return table.assign(signal=np.where(table["signal"] > 2, "yes", "no"))


@pytest.mark.slow
def test_run_on_its_table_it_makes_the_same_model(tmp_path: Path):
    frame = with_target(400, 3)
    frame.to_parquet(tmp_path / "train.parquet")
    found = fit(
        frame,
        target="signal",
        primary_metric="log_loss",
        timeout_minutes=0.4,
        max_trials=3,
        n_cross_validations=3,
        progress="none",
    )
    assert isinstance(found, Predictor)
    (tmp_path / "train.py").write_text(found.script())
    done = subprocess.run(
        [sys.executable, "train.py", "train.parquet", "--test", "train.parquet", "--output", "again"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    assert "log_loss" in done.stdout
    again = Predictor.load(tmp_path / "again")
    rows = with_target(100, 4)
    np.testing.assert_allclose(again.predict_proba(rows), found.predict_proba(rows), atol=2e-3)
