"""A server that a test kills and starts again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx

from .installation import Installation, free_port, wait_for


class ServerProcess:
    """The server's process alone, without the gateway: it is killed and started again, fast."""

    def __init__(self, home: Path) -> None:
        settings = {"MODELYARD_RUN_GATEWAY": "false", "MODELYARD_LOCAL_CPUS": "4"}
        port = free_port()
        self.installation = Installation(home, port, free_port(), {**settings, "MODELYARD_PORT": str(port)})
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        (self.installation.home / "server.json").unlink(missing_ok=True)
        command = [sys.executable, "-m", "modelyard.server"]
        self._process = subprocess.Popen(command, env=self.installation.environment)
        wait_for(self._answers, 60, "the server to answer")

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait(20)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, "the server ended by itself"
        try:
            return httpx.get(f"{self.installation.url}/health", timeout=5).status_code == 200
        except (OSError, ValueError, httpx.HTTPError):
            return False
