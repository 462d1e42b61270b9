"""A real installation for tests: a home of its own, started and stopped with the CLI as a user does."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx

MODELYARD = str(Path(sys.executable).with_name("modelyard"))
T = TypeVar("T")
INHERITED = ("PATH", "HOME", "LANG", "TMPDIR", "SSL_CERT_FILE", "UV_CACHE_DIR", "UV_DEFAULT_INDEX", "UV_CONFIG_FILE")


@dataclass
class Installation:
    home: Path
    port: int
    gateway_port: int
    settings: Mapping[str, str]

    @property
    def environment(self) -> dict[str, str]:
        """What a user's shell has after `export MODELYARD_HOME=...`, and nothing of this process's own settings."""
        kept = {name: os.environ[name] for name in INHERITED if name in os.environ}
        path = f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}"
        switches = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "NO_COLOR": "1", "COLUMNS": "160"}
        return {**kept, **switches, "PATH": path, "MODELYARD_HOME": str(self.home), **self.settings}

    def up(self) -> None:
        ports = ("--port", str(self.port), "--gateway-port", str(self.gateway_port))
        self.cli("up", *ports)

    def down(self) -> None:
        self.run([MODELYARD, "down", "--all"], timeout=60)
        for name in ("server.json", "gateway.json"):
            self.kill(name, missing_ok=True)

    def run_cli(
        self, *arguments: str, cwd: Path | None = None, timeout: float = 90
    ) -> subprocess.CompletedProcess[str]:
        return self.run([MODELYARD, *arguments], cwd=cwd, timeout=timeout)

    def cli(self, *arguments: str, cwd: Path | None = None, code: int = 0, timeout: float = 90) -> str:
        """What `modelyard <arguments>` prints on stdout; an assertion error when its exit code is another."""
        done = self.run_cli(*arguments, cwd=cwd, timeout=timeout)
        shown = f"modelyard {' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
        assert done.returncode == code, f"exit code {done.returncode}, expected {code}: {shown}"
        return done.stdout.strip()

    def run(
        self, command: list[str], *, cwd: Path | None = None, timeout: float = 90
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=cwd, env=self.environment, capture_output=True, text=True, timeout=timeout, check=False
        )

    @property
    def url(self) -> str:
        return str(self.process("server.json")["url"])

    @property
    def token(self) -> str:
        return (self.home / "admin-token").read_text().strip()

    def get(self, path: str, **parameters: str) -> httpx.Response:
        with self.rest() as rest:
            return rest.get(path, params=parameters)

    def rest(self, workspace: str | None = "default") -> httpx.Client:
        base = f"{self.url}/api/v1" + (f"/workspaces/{workspace}" if workspace else "")
        return httpx.Client(base_url=base, headers={"Authorization": f"Bearer {self.token}"}, timeout=30)

    def process(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.home / name).read_text())
        return found

    def kill(self, name: str, *, missing_ok: bool = False) -> None:
        """kill -9 of the process that wrote the file."""
        try:
            os.kill(self.process(name)["pid"], signal.SIGKILL)
        except (FileNotFoundError, ProcessLookupError):
            if not missing_ok:
                raise

    def job_ends(self, name: str, timeout: float = 60) -> str:
        with self.rest() as rest:

            def ended() -> str | None:
                status = str(rest.get(f"/jobs/{name}").json()["status"])
                return status if status in {"Completed", "Failed", "Canceled"} else None

            return wait_for(ended, timeout, f"job {name} to end")


def wait_for(check: Callable[[], T | None], timeout: float, what: str) -> T:
    """The first true answer of `check`; an assertion error after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if answer := check():
            return answer
        time.sleep(0.05)
    raise AssertionError(f"waited {timeout} s for {what}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def new_installation(home: Path, **settings: str) -> Installation:
    return Installation(home, free_port(), free_port(), settings)
