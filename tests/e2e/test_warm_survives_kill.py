"""kill -9 of the server, and of its warm process, under a sweep of warm trials: none is lost, none runs twice."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelyard import MLClient
from modelyard.kinds.sweep import SweepJob

from .installation import wait_for
from .server_process import ServerProcess

TRIALS = 12
SCRIPT = """
import json, os, sys, time
from modelyard.log import log_metric
with open(sys.argv[1], "a") as stream:
    stream.write(os.environ["MODELYARD_JOB_NAME"] + "\\n")
time.sleep(0.4)
log_metric("loss", float(sys.argv[2]))
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    home = tmp_path / "home"
    home.mkdir()
    server = ServerProcess(home)
    server.start()
    yield server
    server.stop()


@pytest.mark.slow
@pytest.mark.timeout(200)
def test_no_warm_trial_is_lost_and_none_runs_twice(server: ServerProcess, tmp_path: Path) -> None:
    began = tmp_path / "began"
    submit(server, tmp_path, began)
    for mark, victim in ((2, "server"), (5, "warm process"), (8, "server")):
        wait_for(lambda mark=mark: count(began) > mark, 60, f"trial {mark}")
        if victim == "server":
            server.kill()
            wait_for(lambda: not warm_processes(tmp_path), 20, "the warm process to end with its server")
            server.start()
        else:
            for pid in warm_processes(tmp_path):
                os.kill(pid, signal.SIGKILL)
    assert server.installation.job_ends("warm", timeout=100) == "Completed"
    assert Counter(began.read_text().split()) == {f"warm_{number}": 1 for number in range(TRIALS)}
    logs = [log.read_text() for log in server.installation.home.rglob("system_logs/launcher.log")]
    assert sum(" warm: forked" in log for log in logs) > TRIALS // 2
    trials = server.installation.get("/jobs/warm/children", page_size="100").json()["value"]
    assert Counter((trial["status"], trial["attempt"]) for trial in trials) == {("Completed", 1): TRIALS}


def submit(server: ServerProcess, folder: Path, began: Path) -> None:
    code = folder / "code"
    code.mkdir()
    (code / "trial.py").write_text(SCRIPT)
    body = {
        "type": "sweep",
        "name": "warm",
        "trial": {
            "code": str(code),
            "command": f"python trial.py {began} ${{{{search_space.x}}}}",
            # Read when Python starts, so that the warm process can be told from those of others.
            "environment_variables": {"PYTHON_TEST_MARK": str(folder)},
            "resources": {"properties": {"modelyard.warm": True}},
        },
        "search_space": {"x": {"type": "uniform", "min_value": 0, "max_value": 1}},
        "sampling_algorithm": "random",
        "objective": {"goal": "minimize", "primary_metric": "loss"},
        "limits": {"max_total_trials": TRIALS, "max_concurrent_trials": 2},
    }
    installation = server.installation
    with MLClient(server_url=installation.url, token=installation.token, workspace_name="default") as client:
        client.jobs.create_or_update(SweepJob.from_dict(body))


def warm_processes(folder: Path) -> list[int]:
    """Processes that fork launchers, and not what they have forked, which has their command line."""
    mark = f"PYTHON_TEST_MARK={folder}".encode()
    found = {}
    for process in Path("/proc").iterdir():
        try:
            if b"runtime/warm.py" in (process / "cmdline").read_bytes():
                fields = (process / "stat").read_text().rpartition(")")[2].split()
                if mark in (process / "environ").read_bytes() and fields[0] != "Z":
                    found[int(process.name)] = int(fields[1])
        except OSError:
            continue
    launchers = {int(json.loads(file.read_text())["pid"]) for file in (folder / "home").rglob("launcher.json")}
    return [pid for pid, parent in found.items() if pid not in launchers and parent not in launchers]


def count(began: Path) -> int:
    return len(began.read_text().split()) if began.exists() else 0
