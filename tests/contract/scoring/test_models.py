"""Each kind of model in a real worker answers every protocol as `mlflow.pyfunc` predicts."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelyard.scorer.protocol import ScoringProtocol, known_protocols

from .conftest import RunningWorker, SavedModel

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
MODELS = ("sklearn", "booster", "classifier", "own", "automl")
SCRIPT = """
import json, os, time
def init():
    global names
    names = sorted(os.listdir(os.environ["AZUREML_MODEL_DIR"]))
def run(raw):
    wanted = json.loads(raw)
    if "sleep" in wanted:
        time.sleep(wanted["sleep"])
    return {"names": names, "greeting": os.environ["GREETING"], "here": os.path.basename(os.getcwd())}
"""


def bare(answer: Any) -> Any:
    """The predictions in an answer of any protocol."""
    if isinstance(answer, dict):
        return answer["predictions"] if "predictions" in answer else answer["outputs"][0]["data"]
    return answer


@pytest.mark.parametrize("protocol", known_protocols(), ids=lambda one: one.name)
@pytest.mark.parametrize("name", MODELS)
def test_answers_are_those_of_mlflow(
    name: str, protocol: ScoringProtocol, models: dict[str, SavedModel], workers: dict[str, RunningWorker]
) -> None:
    model = models[name]
    path, content_type, body = protocol.request(model.names, model.rows)
    status, answer = workers[name].ask("POST", path, body, content_type)

    assert status == 200, answer
    expected = pytest.approx(model.predictions) if isinstance(model.predictions[0], float) else model.predictions
    assert bare(answer) == expected


@pytest.mark.parametrize(
    ("name", "loader", "pickles"),
    [
        ("sklearn", "sklearn", 1),
        ("booster", "lightgbm", 0),
        ("classifier", "lightgbm", 1),
        ("own", "mlflow.pyfunc", 1),
        ("automl", "automl", 0),
    ],
)
def test_quickest_loader_is_taken_and_pickles_are_told(
    name: str, loader: str, pickles: int, workers: dict[str, RunningWorker]
) -> None:
    about = workers[name].ready()["model"]

    assert (about["loader"], len(about["pickles"])) == (loader, pickles)


def test_model_takes_params(models: dict[str, SavedModel], workers: dict[str, RunningWorker]) -> None:
    model = models["own"]
    body = {"input_data": {"columns": model.names, "data": model.rows}, "params": {"factor": 2}}
    status, answer = workers["own"].ask("POST", "/score", json.dumps(body).encode())

    assert status == 200, answer
    assert answer == pytest.approx([2 * one for one in model.predictions])


def test_unknown_category_is_answered_and_wrong_type_is_not(
    models: dict[str, SavedModel], workers: dict[str, RunningWorker]
) -> None:
    model = models["sklearn"]
    at = model.names.index("garden")
    unknown = [[*model.rows[0][:at], "east", *model.rows[0][at + 1 :]]]
    wrong = [[*model.rows[0][:at], 7, *model.rows[0][at + 1 :]]]

    def ask(rows: list[list[Any]]) -> tuple[int, Any]:
        body = {"input_data": {"columns": model.names, "data": rows}}
        return workers["sklearn"].ask("POST", "/score", json.dumps(body).encode())

    assert ask(unknown)[0] == 200
    status, answer = ask(wrong)
    assert (status, answer["error"]["field"]) == (400, "garden")


def test_empty_table_is_an_empty_answer(models: dict[str, SavedModel], workers: dict[str, RunningWorker]) -> None:
    body = {"input_data": {"columns": models["booster"].names, "data": []}}

    assert workers["booster"].ask("POST", "/score", json.dumps(body).encode()) == (200, [])


def test_openapi_has_the_columns(models: dict[str, SavedModel], workers: dict[str, RunningWorker]) -> None:
    status, document = workers["booster"].ask("GET", "/swagger.json")

    assert status == 200
    schema = document["paths"]["/score"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert schema["example"]["input_data"]["columns"] == models["booster"].names
    sample = json.dumps(schema["example"]).encode()
    assert workers["booster"].ask("POST", "/score", sample)[0] == 200


def test_script_in_a_real_worker(start_worker: Callable[..., RunningWorker], tmp_path: Path) -> None:
    code, model = tmp_path / "code", tmp_path / "model"
    code.mkdir()
    model.mkdir()
    (model / "weights.bin").write_text("")
    (code / "score.py").write_text(SCRIPT)
    worker = start_worker(
        code_path=str(code),
        scoring_script="score.py",
        env={"AZUREML_MODEL_DIR": str(model), "GREETING": "hello"},
        limits={"request_timeout_ms": 100, "max_concurrent_requests": 1},
    )
    worker.ready()

    expected = {"names": ["weights.bin"], "greeting": "hello", "here": "code"}
    assert worker.ask("POST", "/score", b"{}") == (200, expected)
    assert worker.ask("POST", "/score", b"no json")[0] == 424
    assert worker.ask("POST", "/score", b'{"sleep": 0.3}')[0] == 504
    worker.process.send_signal(signal.SIGTERM)
    assert worker.process.wait(10) == 0
    assert not Path(worker.socket).exists()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("def init(): next(iter(()))\ndef run(x): pass", {"type": "StopIteration", "where": "score.py:1 in init"}),
        ("import sys\ndef init(): sys.exit('no licence')\ndef run(x): pass", {"message": "no licence"}),
        ("import not_there_at_all", {"type": "ModuleNotFoundError", "hint": "add 'not_there_at_all'"}),
        (
            "def init(): open('/none/model.pkl')\ndef run(x): pass",
            {"type": "FileNotFoundError", "where": "score.py:1 in init"},
        ),
    ],
)
def test_deployment_that_cannot_load_says_why(
    text: str, told: dict[str, str], start_worker: Callable[..., RunningWorker], tmp_path: Path
) -> None:
    (tmp_path / "score.py").write_text(text)
    worker = start_worker(code_path=str(tmp_path), scoring_script="score.py")
    error = worker.written("failed.json")["error"]

    assert worker.process.wait(10) == 1
    for key, part in told.items():
        assert part in error[key]


def test_model_without_code_that_is_no_mlflow_model(start_worker: Callable[..., RunningWorker], tmp_path: Path) -> None:
    worker = start_worker(model={"path": str(tmp_path), "type": "mlflow_model"})

    assert "MLmodel" in worker.written("failed.json")["error"]["message"]


def test_worker_whose_directory_is_gone_ends(start_worker: Callable[..., RunningWorker], tmp_path: Path) -> None:
    (tmp_path / "score.py").write_text("def init(): pass\ndef run(x): return 1")
    worker = start_worker(code_path=str(tmp_path), scoring_script="score.py")
    worker.ready()
    (worker.directory / "instance.json").unlink()

    assert worker.process.wait(15) == 0
