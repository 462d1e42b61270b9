"""kill -9 of the server at 20 random points while 30 jobs run: nothing is lost, nothing runs twice, nothing is left."""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from modelyard.kit.process import process_start

from .installation import wait_for
from .server_process import ServerProcess

KILLS = 20
JOBS = 30
LINES = 12
# Each writes down that it began, then its lines one by one; a background child must not outlive it.
COMMAND = """
echo {name} >> {began}
sleep 300 &
for line in $(seq 1 {lines}); do echo line $line; sleep {pause}; done
exit {code}
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
@pytest.mark.timeout(600)
def test_jobs_survive_the_death_of_the_server(server: ServerProcess, tmp_path: Path) -> None:
    chance = random.Random(int(os.environ.get("MODELYARD_TEST_SEED", "20")))
    began = tmp_path / "began"
    codes = {f"job-{number:02}": number % 3 for number in range(JOBS)}
    waiting = list(codes)
    for kill in range(KILLS):
        # Some are on their way to the server at the very moment of the kill.
        batch = waiting[: JOBS // KILLS + 1] if kill < KILLS - 1 else waiting
        client = threading.Thread(target=submit_all, args=(server, batch, codes, began, chance.random()))
        client.start()
        time.sleep(chance.uniform(0.0, 0.35))
        server.kill()
        client.join()
        waiting = waiting[len(batch) :]
        server.start()
        submit_all(server, batch, codes, began, chance.random())
    ends = {name: ended(server, name) for name in codes}
    check_ends(server, ends, codes)
    assert Counter(began.read_text().split()) == Counter(list(codes)), "each command ran once"
    wait_for(lambda: not left_behind(server), 20, "every process of every job to be gone")


def submit_all(server: ServerProcess, names: list[str], codes: dict[str, int], began: Path, seed: float) -> None:
    """Submit until the server is gone. The names are ours, so that asking twice makes one job."""
    chance = random.Random(seed)
    for name in names:
        pause = round(chance.uniform(0.01, 0.1), 3)
        command = COMMAND.format(name=name, began=began, lines=LINES, pause=pause, code=codes[name])
        try:
            with server.installation.rest() as rest:
                answer = rest.post("/jobs", json={"name": name, "command": command})
        except (httpx.HTTPError, OSError):
            return
        assert answer.status_code in (201, 409), answer.text


def ended(server: ServerProcess, name: str) -> dict[str, Any]:
    server.installation.job_ends(name, timeout=120)
    with server.installation.rest() as rest:
        found: dict[str, Any] = rest.get(f"/jobs/{name}").json()
    return found


def check_ends(server: ServerProcess, ends: dict[str, dict[str, Any]], codes: dict[str, int]) -> None:
    wanted = "".join(f"line {number}\n" for number in range(1, LINES + 1))
    for name, job in ends.items():
        assert job["status"] == ("Completed" if codes[name] == 0 else "Failed"), job
        assert job["attempt"] == 1
        if codes[name]:
            assert job["error"]["exit_code"] == codes[name]
        assert log_of(server, job) == wanted, f"the log of {name}"
        assert count_ends(server, name) == 1


def log_of(server: ServerProcess, job: dict[str, Any]) -> str:
    folder = server.installation.home / "storage/default/workspaceartifactstore/ExperimentRun"
    return (folder / f"dcid.{job['run_id']}" / "user_logs" / "std_log.txt").read_text()


def count_ends(server: ServerProcess, name: str) -> int:
    """How often the job is said to have ended."""
    with server.installation.rest(workspace=None) as rest:
        found = rest.get("/events", params={"subject": f"jobs/{name}", "page_size": 1000}).json()["value"]
    moves = [event["data"]["to"] for event in found if event["type"] == "modelyard.job.status_changed"]
    return sum(status in ("Completed", "Failed", "Canceled") for status in moves)


def left_behind(server: ServerProcess) -> list[str]:
    """Processes of tasks of this home: their working directory or command line is in it."""
    folder = str(server.installation.home / "jobs")
    return [process.name for process in Path("/proc").iterdir() if process.name.isdigit() and belongs(process, folder)]


def belongs(process: Path, folder: str) -> bool:
    if process_start(int(process.name)) is None:
        return False
    try:
        words = process.joinpath("cmdline").read_bytes().decode("utf-8", "replace")
        return folder in words or folder in str(process.joinpath("cwd").readlink())
    except OSError:
        return False
