"""Jobs that run, as a script submits and follows them."""

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelyard.cli import job_watch

from .shell import Shell

HELLO = """\
type: command
command: echo "hello ${{inputs.who}}" && echo result > ${{outputs.made}}/out.txt && echo kept > outputs/kept.txt
inputs: {who: world}
outputs: {made: {type: uri_folder}}
experiment_name: tests
"""


@pytest.fixture
def hello(write: Callable[[str, str], str]) -> str:
    return write("job.yml", HELLO)


def test_a_job_from_submit_to_download(run: Shell, hello: str, tmp_path: Path) -> None:
    name = run("job", "create", "-f", hello, "--query", "name", "-o", "tsv")
    assert "hello world" in run("job", "stream", "-n", name)
    assert f"{name} ended Completed" in run.err
    assert run("job", "show", "-n", name, "--query", "status", "-o", "tsv") == "Completed"
    assert run("job", "show", "-n", name, "--query", 'services["Studio"].endpoint', "-o", "tsv").startswith("http")
    run("job", "download", "-n", name, "-p", str(tmp_path), "--all")
    assert (tmp_path / "artifacts/outputs/kept.txt").read_text() == "kept\n"
    assert "hello world" in (tmp_path / "artifacts/user_logs/std_log.txt").read_text()
    assert (tmp_path / "named-outputs/made/out.txt").read_text() == "result\n"
    assert run("logs", name) == "hello world"


def test_stream_on_create_prints_the_log_alone(run: Shell, hello: str) -> None:
    out = run("job", "create", "-f", hello, "--set", "inputs.who=moon", "display_name=two words", "--stream")
    assert out == "hello moon"


def test_an_asked_for_answer_has_stdout_to_itself(run: Shell, hello: str) -> None:
    assert run("job", "create", "-f", hello, "--stream", "--query", "status", "-o", "tsv") == "Completed"
    assert "hello world" in run.err


def test_a_failed_job_ends_with_1_and_its_exception(run: Shell, write: Callable[[str, str], str]) -> None:
    write("src/train.py", "def fit():\n    raise ValueError('no rows')\nfit()\n")
    file = write("job.yml", "type: command\ncode: ./src\ncommand: python3 train.py\n")
    out = run("job", "create", "-f", file, "--stream", code=1)
    assert "Traceback" in out
    assert "Error: ValueError: no rows (train.py:2" in run.err


def test_list_update_archive(run: Shell, hello: str) -> None:
    name = run("job", "create", "-f", hello, "--set", "experiment_name=listed", "--query", "name", "-o", "tsv")
    listing = ("job", "list", "--experiment-name", "listed", "--query", "[].name", "-o", "tsv")
    assert run(*listing) == name
    changed = run.json("job", "update", "-n", name, "--set", "tags.keep=yes", "display_name=best one")
    assert (changed["tags"], changed["display_name"]) == ({"keep": "yes"}, "best one")
    run("job", "archive", "-n", name)
    assert run(*listing) == ""
    assert run(*listing, "--archived-only") == name
    run("job", "restore", "-n", name)
    assert run(*listing) == name
    assert run("job", "list", "-r", "1", "-o", "table").splitlines()[0].split()[:3] == ["Name", "Type", "Status"]


def test_cancel_stops_the_job(run: Shell, write: Callable[[str, str], str]) -> None:
    file = write("job.yml", "type: command\ncommand: sleep 600\n")
    name = run("job", "create", "-f", file, "--query", "name", "-o", "tsv")
    run("job", "cancel", "-n", name)
    assert run("job", "show", "-n", name, "--query", "status", "-o", "tsv") == "Canceled"


def test_validate_says_everything_that_is_wrong(run: Shell, write: Callable[[str, str], str], hello: str) -> None:
    assert run.json("job", "validate", "-f", hello) == {"result": "Succeeded"}
    run("job", "validate", "-f", write("bad.yml", "type: command\ncommand: echo ${{inputs.nope}}\n"), code=2)
    assert "nope" in run.err
    run("job", "validate", "-f", write("where.yml", "type: command\ncommand: echo\ncompute: azureml:mars\n"), code=1)
    assert "mars" in run.err


@pytest.mark.parametrize(("flag", "status"), [([], "Running"), (["--cancel-on-interrupt"], "Canceled")])
def test_control_c_while_streaming(run: Shell, write: Callable[[str, str], str], flag: list[str], status: str) -> None:
    file = write("job.yml", "type: command\ncommand: echo started && sleep 600\n")
    name = run("job", "create", "-f", file, "--query", "name", "-o", "tsv")
    interrupt = threading.Thread(target=_interrupt_when_running, args=(run, name))
    interrupt.start()
    run("job", "stream", "-n", name, *flag, code=130)
    interrupt.join()
    assert ("Cancelling" if flag else f"follow it:  modelyard job stream -n {name}") in run.err
    if not flag:
        assert run("job", "show", "-n", name, "--query", "status", "-o", "tsv") == status
    run("job", "cancel", "-n", name)
    assert run("job", "show", "-n", name, "--query", "status", "-o", "tsv") == "Canceled"


def _interrupt_when_running(run: Shell, name: str) -> None:
    # The stream is read in the main thread; the kernel gives the signal to it.
    time.sleep(1.0)
    os.kill(os.getpid(), signal.SIGINT)


def test_a_person_is_asked_and_silence_cancels_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal:
        def __init__(self, answer: str) -> None:
            self.answer = answer

        def isatty(self) -> bool:
            return True

        def readline(self) -> str:
            return self.answer

        def write(self, _: Any) -> None:
            return

        def flush(self) -> None:
            return

    for answer, cancels in (("y\n", True), ("\n", False), ("", False), ("n\n", False)):
        monkeypatch.setattr("sys.stdin", Terminal(answer))
        monkeypatch.setattr("sys.stderr", Terminal(""))
        assert job_watch._wants_cancel() is cancels


def test_what_runs_where_and_how_much_of_the_machine_it_takes(run: Shell, write: Callable[[str, str], str]) -> None:
    file = write("job.yml", "type: command\ncommand: sleep 600\n")
    name = run("job", "create", "-f", file, "--query", "name", "-o", "tsv")
    while run("job", "show", "-n", name, "--query", "status", "-o", "tsv") != "Running":
        time.sleep(0.05)
    nodes = run.json("compute", "list-nodes", "-n", "local")
    assert nodes[0]["node_state"] == "running"
    assert name in nodes[0]["job_names"]
    usage = {row["name"]: row["current_value"] for row in run.json("compute", "list-usage")}
    assert usage["jobs"] >= 1
    assert usage["cpus"] >= 1
    assert run.json("compute", "list-sizes")[0]["v_cp_us"] > 0
    run("job", "cancel", "-n", name)
    run("compute", "list-nodes", "-n", "mars", code=1)
