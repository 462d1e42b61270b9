"""`up`, `status` and `down` with real processes."""

import json
import os
import signal
import socket
from pathlib import Path

import pytest

from modelyard.cli.main import main
from modelyard.client.home import Home
from modelyard.client.platform_processes import LocalPlatform, StartFailed

from .shell import Shell


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    for name in [name for name in os.environ if name.startswith("MODELYARD_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("MODELYARD_HOME", str(tmp_path))
    monkeypatch.setenv("MODELYARD_RUN_GATEWAY", "false")
    return Shell(capsys)


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


@pytest.mark.slow
def test_up_status_up_again_down(run: Shell, tmp_path: Path) -> None:
    port = free_port()
    try:
        assert "is up." in run("up", "--port", port)
        facts = json.loads((tmp_path / "server.json").read_text())
        assert facts["url"] == f"http://127.0.0.1:{port}"
        assert "server  running" in run("status")
        assert "runs already" in run("up")
        assert json.loads((tmp_path / "server.json").read_text())["pid"] == facts["pid"]
        status = run.json("status")
        assert (status["server"]["state"], status["jobs"]) == ("running", {})
        assert run("workspace", "list", "--query", "[].name", "-o", "tsv") == "default"
        os.kill(facts["pid"], signal.SIGKILL)
        os.waitpid(facts["pid"], 0)
        assert "stopped" in run("status", code=1)
        assert "is up." in run("up", "--port", port), "a home whose server was killed starts again"
    finally:
        run("down")
    assert "Stopped: server." in run.err
    run("down")
    assert "Nothing was running." in run.err


@pytest.mark.slow
def test_a_port_that_is_taken_is_said(run: Shell) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        run("up", "--port", str(taken.getsockname()[1]), code=1)
    assert "cannot be taken" in run.err
    assert "MODELYARD_PORT" in run.err


def test_nothing_runs_in_an_empty_home(run: Shell) -> None:
    assert "server  stopped" in run("status", code=1)


def test_a_pid_that_was_used_again_is_not_taken_for_the_server(tmp_path: Path) -> None:
    facts = {"pid": os.getpid(), "pid_start": 1, "url": "http://127.0.0.1:1", "version": "0"}
    (tmp_path / "server.json").write_text(json.dumps(facts))
    platform = LocalPlatform(Home(tmp_path))
    assert not platform.server().running
    assert platform.stop() == []


def test_without_the_server_extra_the_mend_is_its_installation(run: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modelyard.client.platform_processes._NEEDED", ("a_module_that_is_not_there",))
    run("up", code=1)
    assert 'pip install "modelyard[server]"' in run.err


def test_what_the_server_said_is_in_the_error(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "server.out").write_text("one\ntwo\n")
    assert LocalPlatform(Home(tmp_path)).output_tail(1) == "two"
    assert issubclass(StartFailed, Exception)
    assert main(["logs", "gateway"]) == 1
