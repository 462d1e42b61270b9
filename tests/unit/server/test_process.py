"""The server as a process: announced while it runs, alone in its home, gone at once when told."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from modelyard.domain.errors import Conflict, InvalidInput
from modelyard.kit.process import process_start
from modelyard.server.process import serve
from modelyard.server.settings import Settings

ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("MODELYARD_")}


def start(home: Path, **settings: str) -> subprocess.Popen[str]:
    own = {"MODELYARD_HOME": str(home), "MODELYARD_PORT": "0", "MODELYARD_RUN_GATEWAY": "false", **settings}
    command = [sys.executable, "-m", "modelyard.server"]
    return subprocess.Popen(command, env=ENVIRONMENT | own, stderr=subprocess.PIPE, text=True)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("process") / "home"


@pytest.fixture(scope="module")
def server(home: Path) -> Iterator[subprocess.Popen[str]]:
    process = start(home)
    end = time.monotonic() + 60
    while not (home / "server.json").exists():
        assert process.poll() is None, process.stderr.read() if process.stderr else ""
        assert time.monotonic() < end
        time.sleep(0.01)
    yield process
    process.kill()
    process.wait()
    if process.stderr:
        process.stderr.close()


@pytest.mark.slow
def test_the_life_of_a_server(server: subprocess.Popen[str], home: Path) -> None:
    announced = json.loads((home / "server.json").read_text())
    assert announced["pid"] == server.pid
    assert announced["pid_start"] == process_start(server.pid)
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert stat.S_IMODE((home / "admin-token").stat().st_mode) == 0o600
    token = (home / "admin-token").read_text().strip()

    second = start(home)
    _, said = second.communicate(timeout=60)
    assert second.returncode == 2
    assert f"process {server.pid}" in said
    assert "Traceback" not in said

    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=announced["url"], headers=headers, timeout=20, trust_env=False) as http:
        assert http.get("/api/v1/info").json()["url"] == announced["url"]
        with http.stream("GET", "/api/v1/events/stream") as stream:
            lines = stream.iter_lines()
            next(lines)
            told = time.monotonic()
            server.send_signal(signal.SIGTERM)
            assert list(lines) == [""]
    assert server.wait(timeout=20) == 0
    assert time.monotonic() - told < 4
    assert not (home / "server.json").exists()
    assert token not in "".join(path.read_text() for path in (home / "logs").iterdir())


def test_a_port_that_is_taken_is_said_before_anything_is_made(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Conflict) as refused:
            serve(Settings(home=tmp_path / "home", port=port))
    assert refused.value.field == "MODELYARD_PORT"
    assert str(port) in refused.value.message
    assert not (tmp_path / "home").exists()


def test_a_host_that_is_not_here_is_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput):
        serve(Settings(home=tmp_path / "home", host="no-such-host.invalid", port=0))
