"""The examples do what they say, against a real installation."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from .installation import MODELYARD, Installation, wait_for

EXAMPLES = Path(__file__).parents[2] / "examples"
JOBS = EXAMPLES / "jobs"
PIPELINES = EXAMPLES / "pipelines"
SCHEDULES = EXAMPLES / "schedules"


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("hello.yml", ["hello world"]),
        ("inputs.yml", ["a few penguins", "Adelie 3750", "files in the folder: penguins.csv"]),
        ("outputs.yml", []),
        ("perl.yml", ["Gentoo 5100 g", "perl says hello to the penguins"]),
        ("lightgbm/job.yml", ["accuracy on 30 held-out rows"]),
    ],
)
def test_job_completes(platform: Installation, file: str, expected: list[str]) -> None:
    printed = platform.cli("job", "create", "-f", file, "--stream", cwd=JOBS)
    for text in expected:
        assert text in printed


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("lightgbm.yml", ["learning_rate: searched from 0.00673795 to 0.367879", "6 of 6 trials over", "valid_loss"]),
        ("nested.yml", ["best: trial", "model.kind=tree"]),
        ("checkpoint_sklearn.yml", ["6 of 6 trials over", "asha at interval"]),
        ("grid.yml", ["4 of 4 trials over (4 completed)", "depth=2"]),
    ],
)
def test_sweep_completes(platform: Installation, file: str, expected: list[str]) -> None:
    printed = platform.cli("job", "create", "-f", file, "--stream", cwd=EXAMPLES / "sweeps", timeout=180)
    for text in expected:
        assert text in printed


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("basic/pipeline.yml", ["prepare: submitted", "Completed: 3 completed"]),
        ("flow.yml", ["it ended after 3 iterations", "give_up: skipped", "Completed: 11 completed, 1 skipped"]),
        ("nested.yml", ["search: completed", "Completed: 3 completed"]),
    ],
)
def test_pipeline_completes(platform: Installation, file: str, expected: list[str]) -> None:
    printed = platform.cli("job", "create", "-f", file, "--stream", "--set", "settings.force_rerun=true", cwd=PIPELINES)
    for text in expected:
        assert text in printed


@pytest.mark.slow
def test_automl_in_a_pipeline_ends_in_a_registered_model(platform: Installation) -> None:
    folder = PIPELINES / "automl"
    printed = platform.cli("job", "create", "-f", "pipeline.yml", "--stream", cwd=folder, timeout=240)
    assert "refuse: skipped" in printed
    made = platform.cli("model", "show", "-n", "wine-classifier", "--label", "latest", "--query", "type", "-o", "tsv")
    assert made == "mlflow_model"


def test_a_pipeline_takes_what_has_not_changed_and_says_what_has(platform: Installation) -> None:
    rate = ["--set", "inputs.rate=0.123"]
    first = platform.cli("job", "create", "-f", "basic/pipeline.yml", *rate, "--stream", cwd=PIPELINES)
    assert "Completed" in first
    again = platform.cli("job", "create", "-f", "basic/pipeline.yml", *rate, "--stream", cwd=PIPELINES)
    assert "Completed: 3 reused" in again
    changed = [
        "job",
        "create",
        "-f",
        "basic/pipeline.yml",
        "--set",
        "inputs.rate=0.321",
        "--query",
        "name",
        "-o",
        "tsv",
    ]
    name = platform.cli(*changed, cwd=PIPELINES)
    assert platform.job_ends(name) == "Completed"
    told = platform.cli("job", "explain-reuse", "-n", name, "--node", "train", "-o", "json")
    assert '"part": "inputs.rate"' in told
    assert '"before": "0.123"' in told
    report = platform.cli("job", "show", "-n", name, "--query", "outputs.report.path", "-o", "tsv")
    assert report.startswith("azureml://")


def test_a_schedule_is_made_triggered_and_paused(platform: Installation) -> None:
    made = platform.cli("schedule", "create", "-f", "nightly.yml", "--query", "next_run_at", "-o", "tsv", cwd=SCHEDULES)
    assert made.startswith("20")
    name = platform.cli("schedule", "trigger", "-n", "nightly", "--query", "name", "-o", "tsv")
    assert platform.job_ends(name) == "Completed"
    assert name in platform.cli("schedule", "history", "-n", "nightly", "-o", "json")
    assert "next_run_at" not in platform.cli("schedule", "disable", "-n", "nightly", "-o", "json")


def test_new_data_starts_the_pipeline(platform: Installation, tmp_path: Path) -> None:
    platform.cli("subscription", "create", "-f", "retrain.yml", cwd=EXAMPLES / "events")
    (tmp_path / "rows.csv").write_text("a\n1\n")
    platform.cli("data", "create", "-n", "rows", "--path", str(tmp_path / "rows.csv"), "--type", "uri_file")

    def started() -> list[dict[str, Any]]:
        found = platform.get("/jobs", kind="pipeline").json()["value"]
        return [job for job in found if job["properties"].get("modelyard.subscription") == "retrain"]

    wait_for(lambda: bool(started()), 20, "the pipeline to start")
    assert platform.job_ends(started()[0]["name"]) == "Completed"
    platform.cli("subscription", "delete", "-n", "retrain", "--yes")


def test_a_failed_pipeline_goes_on_from_the_node_that_failed(platform: Installation, tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    first = {
        "command": f"echo x >> {tmp_path}/ran; echo 1 > ${{{{outputs.n}}}}",
        "outputs": {"n": {"type": "uri_file"}},
    }
    second = {
        "command": f"cat ${{{{inputs.n}}}} && test -e {flag}",
        "inputs": {"n": "${{parent.jobs.first.outputs.n}}"},
    }
    body = {"type": "pipeline", "jobs": {"first": first, "second": second}}
    (tmp_path / "pipeline.yml").write_text(json.dumps(body))
    name = platform.cli("job", "create", "-f", "pipeline.yml", "--query", "name", "-o", "tsv", cwd=tmp_path)
    assert platform.job_ends(name) == "Failed"
    assert "second" in platform.cli("job", "show", "-n", name, "--query", "error.message", "-o", "tsv")
    flag.touch()
    platform.cli("job", "resume", "-n", name)
    assert platform.job_ends(name) == "Completed"
    assert (tmp_path / "ran").read_text() == "x\n", "what succeeded did not run again"


# Two trials, however long they take on a busy machine: the examples' own budgets are for people.
AUTOML = ("classification", "imbalanced", "regression", "forecasting", "many_models", "text")
BUDGET = ("--set", "limits.timeout_minutes=1", "limits.max_trials=2")


@pytest.mark.slow
@pytest.mark.parametrize("name", AUTOML)
def test_automl_completes(platform: Installation, name: str) -> None:
    folder = EXAMPLES / "automl"
    printed = platform.cli("job", "create", "-f", f"{name}.yml", *BUDGET, "--stream", cwd=folder, timeout=120)
    assert "The best of" in printed


@pytest.mark.slow
@pytest.mark.parametrize("name", ["imbalanced", "regression", "forecasting", "many_models"])
def test_automl_as_a_library(platform: Installation, name: str) -> None:
    script = EXAMPLES / "automl" / "library.py"
    done = platform.run([sys.executable, str(script), name], timeout=120)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert done.stdout.strip()


@pytest.mark.slow
def test_automl_by_the_sdk(platform: Installation) -> None:
    script = EXAMPLES / "automl" / "sdk.py"
    done = platform.run([sys.executable, str(script), "text"], timeout=200)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert "example-text:1 is " in done.stdout


@pytest.mark.slow
def test_automl_on_the_command_line(platform: Installation, tmp_path: Path) -> None:
    data = str(EXAMPLES / "automl" / "data" / "tumours.csv")
    options = (
        "--timeout-minutes",
        "1",
        "--max-trials",
        "2",
        "--model",
        str(tmp_path / "model"),
        "--quiet",
        "-o",
        "json",
    )
    printed = platform.cli("automl", "fit", data, "--target", "benign", *options, timeout=120)
    assert '"winner": true' in printed
    assert (tmp_path / "model" / "mlflow-model" / "MLmodel").exists()
    refused = platform.run_cli("automl", "fit", data, "--target", "malign")
    assert refused.returncode != 0
    assert "malign" in refused.stderr


def test_outputs_are_kept_and_registered(platform: Installation, tmp_path: Path) -> None:
    name = platform.cli("job", "create", "-f", "outputs.yml", "--query", "name", "-o", "tsv", cwd=JOBS)
    assert platform.job_ends(name) == "Completed"
    platform.cli("job", "download", "-n", name, "--output-name", "summary", "-p", str(tmp_path / "one"))
    assert [path.read_text() for path in (tmp_path / "one").rglob("summary.txt")] == ["3 rows\n"]
    platform.cli("job", "download", "-n", name, "--all", "-p", str(tmp_path / "all"))
    assert {"summary.txt", "when.txt", "std_log.txt"} <= {path.name for path in (tmp_path / "all").rglob("*")}
    made = platform.cli("data", "show", "-n", "penguin-counts", "--label", "latest", "--query", "path", "-o", "tsv")
    assert made.startswith("azureml://")


def test_failure_shows_the_exception_first(platform: Installation) -> None:
    done = platform.run([MODELYARD, "job", "create", "-f", str(JOBS / "failing.yml"), "--stream"])
    assert done.returncode == 1
    assert "ValueError: no values: the table is empty" in done.stderr
    assert "failing.py:6 in mean" in done.stderr


def test_timeout_is_a_wall(platform: Installation) -> None:
    name = platform.cli("job", "create", "-f", "timeout.yml", "--query", "name", "-o", "tsv", cwd=JOBS)
    assert platform.job_ends(name, timeout=20) == "Failed"
    assert "limit of 1 s" in platform.cli("job", "show", "-n", name, "--query", "error.message", "-o", "tsv")


@pytest.mark.parametrize("name", ["job.sh", "assets.sh", "endpoint.sh"])
def test_shell_script(platform: Installation, name: str) -> None:
    done = platform.run(["bash", str(EXAMPLES / "cli" / name)])
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("name", ["train.py", "deploy.py", "sweep.py", "pipeline.py"])
def test_sdk_script(platform: Installation, name: str) -> None:
    done = platform.run([sys.executable, str(EXAMPLES / "sdk" / name)], timeout=240)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


def test_mlflow_outside_a_job(platform: Installation) -> None:
    tracking = {"MLFLOW_TRACKING_URI": f"{platform.url}/mlflow/default", "MLFLOW_TRACKING_TOKEN": platform.token}
    with_tracking = Installation(platform.home, platform.port, platform.gateway_port, tracking)
    done = with_tracking.run([sys.executable, str(EXAMPLES / "sdk" / "track.py")])
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert "last loss 0.20" in done.stdout


def test_no_code_endpoint_from_files(platform: Installation) -> None:
    folder = EXAMPLES / "endpoints" / "mlflow"
    platform.cli("online-endpoint", "create", "-f", "endpoint.yml", cwd=folder)
    platform.cli("online-deployment", "create", "-f", "blue.yml", "--all-traffic", cwd=folder)
    answer = platform.cli("online-endpoint", "invoke", "-n", "iris", "--request-file", "request.json", cwd=folder)
    assert answer.count("[") == 3
    platform.cli("online-endpoint", "delete", "-n", "iris", "--yes")
