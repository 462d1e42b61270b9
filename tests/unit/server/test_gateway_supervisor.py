"""A gateway that dies is replaced; one that runs is adopted and left alone."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from modelyard.kit.process import runs
from modelyard.server.gateway_supervisor import GatewaySupervisor
from modelyard.server.settings import Settings

# Announces itself as a gateway does, then waits for its end.
GATEWAY = """
import json, os, signal, sys
from modelyard.kit.process import process_start
me = {"pid": os.getpid(), "pid_start": process_start(os.getpid()), "port": os.environ["MODELYARD_GATEWAY_PORT"]}
open("gateway.tmp", "w").write(json.dumps(me)); os.replace("gateway.tmp", "gateway.json")
signal.pause()
"""


def announced(home: Path) -> dict[str, int]:
    try:
        found: dict[str, int] = json.loads((home / "gateway.json").read_text())
    except FileNotFoundError:
        return {}
    return found


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    found = announced(tmp_path)
    if found and runs(found["pid"], found["pid_start"]):
        os.kill(found["pid"], signal.SIGKILL)


def supervisor(home: Path, script: str = GATEWAY) -> GatewaySupervisor:
    return GatewaySupervisor(Settings(home=home, gateway_port=5777), home, [sys.executable, "-c", script])


def test_a_dead_gateway_is_replaced_and_a_running_one_adopted(home: Path) -> None:
    first = supervisor(home)
    first.start()
    until(lambda: bool(announced(home)))
    born = announced(home)
    assert born["port"] == "5777"
    os.kill(born["pid"], signal.SIGKILL)
    until(lambda: announced(home)["pid"] != born["pid"])
    heir = announced(home)
    first.stop()
    assert runs(heir["pid"], heir["pid_start"])

    second = supervisor(home, "raise SystemExit('a second gateway must not be started')")
    second.start()
    time.sleep(0.1)
    second.stop()
    assert announced(home) == heir


def test_a_gateway_that_cannot_start_is_tried_again_with_pauses(home: Path) -> None:
    script = "open('tries', 'a').write('x')"
    broken = supervisor(home, script)
    broken.start()
    until(lambda: (home / "tries").exists() and len((home / "tries").read_text()) >= 2)
    broken.stop()
    assert len((home / "tries").read_text()) < 6
