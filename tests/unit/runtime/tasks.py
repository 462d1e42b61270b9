"""Running the launcher in tests: a task directory, the process, its records."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import modelyard.runtime

LAUNCHER = Path(str(modelyard.runtime.__file__)).with_name("__main__.py")
PATIENCE_SECONDS = 20.0


@dataclass
class TaskFolder:
    """One task directory in a test's folder."""

    root: Path

    @property
    def directory(self) -> Path:
        return self.root / "task"

    @property
    def artifacts(self) -> Path:
        return self.root / "artifacts"

    def write(self, command: str, **fields: Any) -> None:
        self.directory.mkdir(exist_ok=True)
        document = {
            "version": 1,
            "task_id": f"test-{self.root.name}-{os.getpid()}",
            "attempt": 1,
            "command": command,
            "env": {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
            "artifacts_dir": str(self.artifacts),
            "grace_seconds": 1,
            **fields,
        }
        (self.directory / "task.json").write_text(json.dumps(document))

    def start(self, *, preexec: Callable[[], None] | None = None) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", str(LAUNCHER), str(self.directory)],
            stdout=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=preexec,
        )

    def run(self, command: str, **fields: Any) -> dict[str, Any]:
        """Run to the end; the exit record."""
        self.write(command, **fields)
        assert self.start().wait(PATIENCE_SECONDS) == 0
        return self.record("exit.json")

    def record(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.directory / name).read_text())
        return found

    def await_record(self, name: str) -> dict[str, Any]:
        until(lambda: (self.directory / name).exists())
        return self.record(name)

    @property
    def log(self) -> str:
        return (self.artifacts / "user_logs" / "std_log.txt").read_text()

    @property
    def system_log(self) -> str:
        return (self.artifacts / "system_logs" / "launcher.log").read_text()


def until(condition: Callable[[], bool], patience_seconds: float = PATIENCE_SECONDS) -> None:
    deadline = time.monotonic() + patience_seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.005)


def alive(pid: int) -> bool:
    """Whether a process runs: a zombie does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
