"""The metadata that lets a model be made again."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from modelyard.automl.outcome.finished_model import finished_model
from modelyard.automl.outcome.fitted_model import FittedModel
from modelyard.automl.outcome.metadata import Origin, frame_hash, metadata, repository_version
from modelyard.automl.task import Task

from .conftest import predictor_of


def test_a_library_run_knows_all_but_the_ids(models: dict[Task, FittedModel], table: pd.DataFrame):
    last = finished_model(models[Task.BINARY], table, onnx=True, explained=True, seconds=5)
    told = metadata(last.model, predictor_of(last.model).record)
    json.dumps(told)
    assert told["run_id"] is None
    assert [one["algorithm"] for one in told["hyperparameters"]] == ["LightGBM", "LightGBM"]
    assert told["hyperparameters"][0]["fits"][0]["params"]["trees"] == 15
    assert told["environment"]["packages"]["numpy"]
    assert told["metrics"] == {"validation": {"accuracy": 0.9}}
    assert last.explanation is not None
    assert last.explanation.method == "tree_shap"
    assert last.onnx["largest_difference"] is None or last.onnx["largest_difference"] < last.onnx["tolerance"]


def test_a_job_adds_what_it_knows(models: dict[Task, FittedModel]):
    model = models[Task.REGRESSION]
    origin = Origin("r1", "p1", {"snapshot": "ab"}, {"name": "fraud", "version": "3"}, "env:1", "models:/m/1")
    told = metadata(model, predictor_of(model).record, origin)
    assert (told["run_id"], told["parent_run_id"], told["model_uri"]) == ("r1", "p1", "models:/m/1")
    assert told["data"] == {"name": "fraud", "version": "3"}
    assert told["code"]["snapshot"] == "ab"


def test_the_commit_is_read_from_the_repository(tmp_path: Path):
    assert repository_version(tmp_path) == {}
    git = tmp_path / ".git"
    (git / "refs" / "heads").mkdir(parents=True)
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    (git / "packed-refs").write_text("# pack-refs\nabc123 refs/heads/main\n")
    assert repository_version(tmp_path / "below") == {"commit": "abc123", "branch": "main"}
    (git / "refs" / "heads" / "main").write_text("def456\n")
    assert repository_version(tmp_path)["commit"] == "def456"
    (git / "HEAD").write_text("0123\n")
    assert repository_version(tmp_path) == {"commit": "0123"}


def test_a_tables_hash_tells_cells_names_and_types():
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", None]})
    assert frame_hash(frame) == frame_hash(frame.copy().set_index(pd.Index([5, 6])))
    for other in (frame.rename(columns={"a": "c"}), frame.astype({"a": float}), frame.iloc[::-1]):
        assert frame_hash(other) != frame_hash(frame)
