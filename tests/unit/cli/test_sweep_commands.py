"""A sweep from its file to its registered winner, as a script submits and follows it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from .shell import Shell

# Logs a metric as any language can: one request of the MLflow protocol.
TRAIN = """\
import json, os, pathlib, sys, time, urllib.request
x, place = float(sys.argv[1]), pathlib.Path(sys.argv[2])
if x > 0.9:
    raise ValueError("too much")
address = os.environ["MLFLOW_TRACKING_URI"] + "/api/2.0/mlflow/runs/log-metric"
body = {"run_id": os.environ["MLFLOW_RUN_ID"], "key": "loss", "value": (x - 0.3) ** 2}
body["timestamp"] = int(time.time() * 1000)
headers = {"Authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"], "Content-Type": "application/json"}
request = urllib.request.Request(address, json.dumps(body).encode(), headers)
urllib.request.urlopen(request, timeout=30)
place.mkdir(parents=True, exist_ok=True)
(place / "weights.txt").write_text(str(x))
pathlib.Path("outputs/note.txt").write_text(f"x was {x}")
"""
SWEEP = """\
type: sweep
trial:
  code: ./src
  command: "python3 -I -S train.py ${{search_space.x}} ${{outputs.model}}"
search_space:
  x: {type: choice, values: [0.1, 0.25, 0.7, 0.95]}
sampling_algorithm: grid
objective: {goal: minimize, primary_metric: loss}
limits: {max_total_trials: 10, max_concurrent_trials: 2}
outputs: {model: {type: custom_model}}
"""


@pytest.fixture
def sweep(write: Callable[[str, str], str]) -> str:
    write("src/train.py", TRAIN)
    return write("sweep.yml", SWEEP)


def test_a_sweep_from_file_to_registered_winner(run: Shell, sweep: str, tmp_path: Path) -> None:
    told = run("job", "create", "-f", sweep, "--stream")
    name = re.search(r"sweep (\S+): minimize loss; at most 10 trials, 2 at a time", told)[1]  # type: ignore[index]
    assert "x: one of 0.1, 0.25, 0.7, 0.95" in told
    assert len(re.findall(r"trial \d starts: x=", told)) == 4
    assert len(re.findall(r"trial \d completed, loss 0\.", told)) == 3
    assert re.search(r"trial \d failed.*too much", told)
    assert "the sweep ends Completed: every point of the space was tried; 4 of 10 trials over" in told
    assert told.splitlines()[-1].endswith("x=0.25")

    best = run.json("job", "trials", name, "--best")
    assert [trial["parameters"]["x"] for trial in best] == [0.25, 0.1, 0.7, 0.95]
    assert [trial["number"] for trial in run.json("job", "trials", name)] == [0, 1, 2, 3]
    assert best[0]["objectives"] == {"loss": best[0]["score"]}
    assert "too much" in best[3]["reason"]
    assert run("job", "trials", name, "-o", "table").splitlines()[0].split()[:3] == ["Number", "Phase", "Score"]
    shown = run.json("job", "show", "-n", name)
    assert shown["best_trial"]["parameters"] == {"x": 0.25}
    assert shown["properties"]["best_child_run_id"] == best[0]["run_id"]
    summary = run.json("job", "sweep-summary", name)
    assert (summary["counts"]["completed"], summary["counts"]["failed"], summary["trials_left"]) == (3, 1, 0)
    assert summary["best_so_far"][-1]["number"] == best[0]["number"]
    assert summary["searched_ranges"] == ["x: one of 0.1, 0.25, 0.7, 0.95"]

    run("job", "download", "-n", name, "-p", str(tmp_path / "got"), "--all")
    assert (tmp_path / "got/named-outputs/model/weights.txt").read_text() == "0.25"
    assert (tmp_path / "got/artifacts/outputs/note.txt").read_text() == "x was 0.25"
    output = f"azureml://jobs/{name}/outputs/model"
    model = run.json("model", "create", "-n", "winner", "-t", "custom_model", "-p", output)
    assert model["job_name"] == name
    run("model", "download", "-n", "winner", "-v", "1", "-p", str(tmp_path / "model"))
    assert [path.read_text() for path in (tmp_path / "model").rglob("weights.txt")] == ["0.25"]
    note = run.json("model", "create", "-n", "note", "-p", f"azureml://jobs/{name}/outputs/artifacts/paths/outputs/")
    run("model", "download", "-n", "note", "-v", str(note["version"]), "-p", str(tmp_path / "note"))
    assert [path.read_text() for path in (tmp_path / "note").rglob("note.txt")] == ["x was 0.25"]


def test_another_job_has_no_trials(run: Shell, write: Callable[[str, str], str]) -> None:
    file = write("job.yml", "type: command\ncommand: 'true'\n")
    name = run("job", "create", "-f", file, "--query", "name", "-o", "tsv")
    run("job", "trials", name, code=2)
    assert "not a sweep" in run.err


def test_bad_sweeps_are_refused_with_place_and_mend(run: Shell, sweep: str, write: Callable[[str, str], str]) -> None:
    bad = write("bad.yml", SWEEP.replace("search_space.x}", "search_space.y}").replace("grid", "grd"))
    run("job", "create", "-f", bad, code=2)
    assert "unknown type 'grd'" in run.err
    assert "bad.yml:7 sampling_algorithm" in run.err
    assert "did you mean 'grid'?" in run.err


def test_cancelled_sweeps_say_so(run: Shell, write: Callable[[str, str], str]) -> None:
    text = SWEEP.replace("python3 -I -S train.py", "sleep 600 #").replace("  code: ./src\n", "")
    name = run("job", "create", "-f", write("slow.yml", text), "--query", "name", "-o", "tsv")
    run("job", "cancel", "-n", name)
    assert run("job", "show", "-n", name, "--query", "status", "-o", "tsv") == "Canceled"
    told = run("job", "stream", "-n", name, code=1)
    assert "the sweep was cancelled" in told
    assert json.loads(run("job", "sweep-summary", name, "--query", "best_trial", "-o", "json")) is None


def test_a_sweep_is_extended_and_cloned(run: Shell, sweep: str) -> None:
    limits = ("limits.max_total_trials=1", "limits.max_concurrent_trials=1")
    name = run.json("job", "create", "-f", sweep, "--set", *limits)["name"]
    run("job", "stream", "-n", name)
    assert run.json("job", "extend", "-n", name, "--max-total-trials", "2")["status"] == "Running"
    assert "2 of 2 trials over" in run("job", "stream", "-n", name)
    clone = run.json("job", "clone", "-n", name, "--set", "limits.max_total_trials=1", "tags.of=again")
    assert (clone["limits"]["max_total_trials"], clone["tags"]) == (1, {"of": "again"})
    assert clone["name"] != name
    assert "1 of 1 trials over" in run("job", "stream", "-n", clone["name"])
