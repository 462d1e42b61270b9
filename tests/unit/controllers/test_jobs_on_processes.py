"""The job controller over real processes of this machine."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelyard.compute.local import LocalBackend
from modelyard.domain.statuses import JobStatus
from modelyard.store.database import Database
from tests.unit.runtime.tasks import alive, until

from .yard import Yard


@pytest.fixture
def database(sqlite_url: str) -> Iterator[Database]:
    """What is over real processes here has run over both databases in the tests beside this."""
    opened = Database(sqlite_url)
    yield opened
    opened.dispose()


@pytest.fixture
def yard(database: Database, tmp_path: Path) -> Iterator[Yard]:
    yard = Yard.make(database, tmp_path / "home", LocalBackend())
    yard.controller.start()
    yield yard
    yard.controller.stop()


def another(yard: Yard) -> Yard:
    """The server after a restart: a new controller and backend over the same home and database."""
    again = Yard.make(yard.database, yard.home, LocalBackend())
    again.controller.start()
    return again


def abandon(yard: Yard) -> None:
    """As near as one process comes to kill -9: nothing is told, nothing is finished."""
    yard.controller._loop.stop()
    yard.backend.close()


def record(yard: Yard, name: str, which: str, attempt: int = 1) -> dict[str, int]:
    found: dict[str, int] = json.loads((yard.home / "jobs/default" / name / str(attempt) / which).read_text())
    return found


def test_a_job_runs_to_completion(yard: Yard) -> None:
    name = yard.submit("echo hello; echo $AZUREML_RUN_ID > outputs/id.txt")
    job = yard.wait(name)
    assert job.status == "Completed", job.error
    assert yard.log(name) == "hello\n"
    assert (yard.artifacts(name) / "outputs" / "id.txt").read_text().strip() == job.run_id
    assert yard.events(name)[-2:] == ["Finalizing", "Completed"]


def test_what_a_task_worked_on_goes_and_its_records_stay(yard: Yard) -> None:
    name = yard.submit("echo x > scratch.txt")
    yard.wait(name)
    task = yard.home / "jobs" / "default" / name / "1"
    until(lambda: not (task / "wd").exists())
    assert (task / "exit.json").exists()
    assert (task / "task.json").stat().st_mode & 0o077 == 0


def test_the_servers_secrets_do_not_reach_the_command(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    name = yard.submit("env")
    yard.wait(name)
    names = {line.partition("=")[0] for line in yard.log(name).splitlines()}
    assert "MODELYARD_DATABASE_URL" not in names
    assert {"MODELYARD_TOKEN", "MLFLOW_TRACKING_URI", "AZUREML_RUN_ID", "PATH"} <= names


def test_cancel_ends_the_tree(yard: Yard) -> None:
    name = yard.submit("sleep 60 & echo $! > outputs/pid; wait")
    yard.wait(name, JobStatus.RUNNING)
    until(lambda: (yard.artifacts(name) / "outputs" / "pid").exists())
    with yard.database.transaction() as tx:
        yard.jobs.cancel(tx, "default", name)
    job = yard.wait(name)
    assert job.status == "Canceled"
    until(lambda: not alive(int((yard.artifacts(name) / "outputs" / "pid").read_text())))


def test_a_timeout_fails_the_job(yard: Yard) -> None:
    job = yard.wait(yard.submit("sleep 60", limits={"timeout": 1}))
    assert job.status == "Failed"
    assert job.error is not None
    assert job.error.type == "Timeout"


def test_a_killed_launcher_is_seen_and_retried(yard: Yard) -> None:
    command = "[ -e ../../mark ] || { touch ../../mark; sleep 60; }; echo second"
    name = yard.submit(command, properties={"modelyard.max_retries": 1})
    yard.wait(name, JobStatus.RUNNING)
    until(lambda: (yard.home / "jobs/default" / name / "mark").exists())
    user = record(yard, name, "started.json")["pid"]
    os.kill(record(yard, name, "launcher.json")["pid"], signal.SIGKILL)
    job = yard.wait(name)
    assert (job.status, job.attempt) == ("Completed", 2)
    assert not alive(user)
    assert yard.log(name) == "second\n"


def test_a_running_task_is_adopted_after_a_restart(yard: Yard) -> None:
    name = yard.submit("echo one; until [ -e outputs/go ]; do sleep 0.02; done; echo two; exit 4")
    yard.wait(name, JobStatus.RUNNING)
    abandon(yard)
    again = another(yard)
    (again.artifacts(name) / "outputs" / "go").touch()
    job = again.wait(name)
    again.controller.stop()
    assert (job.status, job.attempt) == ("Failed", 1)
    assert job.error is not None
    assert job.error.exit_code == 4
    assert again.log(name) == "one\ntwo\n"


def test_what_ended_while_no_server_ran_is_recorded(yard: Yard) -> None:
    name = yard.submit("until [ -e outputs/go ]; do sleep 0.02; done; echo done")
    yard.wait(name, JobStatus.RUNNING)
    abandon(yard)
    (yard.artifacts(name) / "outputs" / "go").touch()
    until(lambda: (yard.home / "jobs/default" / name / "1" / "exit.json").exists())
    again = another(yard)
    job = again.wait(name)
    again.controller.stop()
    assert (job.status, job.attempt) == ("Completed", 1)


def test_a_launcher_killed_while_no_server_ran_is_lost(yard: Yard) -> None:
    name = yard.submit("sleep 60")
    yard.wait(name, JobStatus.RUNNING)
    abandon(yard)
    os.kill(record(yard, name, "launcher.json")["pid"], signal.SIGKILL)
    again = another(yard)
    job = again.wait(name)
    again.controller.stop()
    assert job.status == "Failed"
    assert job.error is not None
    assert job.error.type == "LauncherLost"


def test_an_environment_is_built_once_and_its_log_is_shown(yard: Yard) -> None:
    environment = {"conda_file": {"dependencies": ["python=3.11"]}, "image": "ubuntu"}
    environment["conda_file"]["dependencies"].append({"pip": ["./no-such-wheel.whl"]})  # type: ignore[index]
    with pytest.raises(Exception, match="is not a requirement"):
        yard.submit("true", environment=environment)
    impossible = {"image": "x", "conda_file": {"dependencies": [{"pip": ["modelyard==99", "--no-index"]}]}}
    names = [yard.submit("true", environment=impossible) for _ in range(2)]
    assert yard.status(names[0]) in ("Preparing", "Failed")
    for name in names:
        job = yard.wait(name)
        assert job.status == "Failed"
        assert job.error is not None
        assert job.error.type == "EnvironmentBuildFailed"
        assert "modelyard" in job.error.message
        assert "uv pip install" in (yard.artifacts(name) / "system_logs" / "environment_build.log").read_text()


def test_a_job_runs_in_the_environment_that_was_built_for_it(yard: Yard) -> None:
    options = ["--no-index"]  # nothing to fetch: an empty environment of its own
    environment = {"image": "x", "conda_file": {"dependencies": [{"pip": options}]}}
    name = yard.submit("python -c 'import sys; print(sys.prefix)'", environment=environment)
    job = yard.wait(name)
    assert job.status == "Completed", job.error
    assert str(yard.home / "envs") in yard.log(name)


def test_an_image_without_an_engine_runs_on_the_host_and_says_so(yard: Yard) -> None:
    name = yard.submit("echo here", environment={"image": "ubuntu:24.04"})
    assert yard.wait(name).status == "Completed"
    assert "no container engine" in (yard.artifacts(name) / "system_logs" / "launcher.log").read_text()


def test_many_jobs_two_at_a_time(yard: Yard) -> None:
    names = [yard.submit(f"echo {number}") for number in range(12)]
    for number, name in enumerate(names):
        assert yard.wait(name).status == "Completed"
        assert yard.log(name) == f"{number}\n"
