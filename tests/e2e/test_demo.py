"""`make demo` works, works again, and can be stopped."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "examples" / "demo"


def demo(home: Path, *flags: str, script: str = "main.py") -> str:
    environment = {**os.environ, "MODELYARD_DEMO_HOME": str(home), "NO_COLOR": "1", "COLUMNS": "200"}
    done = subprocess.run(
        [sys.executable, str(FOLDER / script), *flags],
        env=environment,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_demo_twice(tmp_path: Path) -> None:
    home = tmp_path / "home"
    try:
        first = demo(home)
        second = demo(home)
    finally:
        demo(home, "--down")
    for version, printed in (("1", first), ("2", second)):
        assert f"breast-cancer:{version}" in printed
        assert "Search the best model" in printed
        assert "AUC 0.9" in printed or "AUC 1.0" in printed
        assert "largest difference" in printed
        assert "left running" in printed
    assert not Path(home / "server.json").exists() or "not running" in demo(home, "--down")


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_demo_of_a_sweep(tmp_path: Path) -> None:
    home = tmp_path / "home"
    try:
        printed = demo(home, "--trials", "6", script="sweep.py")
        logs = home.rglob("system_logs/launcher.log")
        warm = [" warm: forked" in log.read_text() for log in logs]
    finally:
        demo(home, "--down")
    assert "6 trials" in printed
    assert "ms a trial" in printed
    assert "breast-cancer-searched:1" in printed
    assert warm == [True] * 6
