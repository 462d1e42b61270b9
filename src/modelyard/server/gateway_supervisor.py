"""Keeps a gateway running beside the server. The gateway outlives the server; the next server adopts it."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from modelyard.kit.process import runs
from modelyard.server.settings import Settings

_LOG = logging.getLogger("modelyard.server")
GATEWAY_FILE = "gateway.json"
_LOOK_SECONDS = 0.25
_FIRST_PAUSE_SECONDS = 0.25
_LONGEST_PAUSE_SECONDS = 30.0
# A gateway that lived this long was well: when it dies after that, it is started again without a pause.
_WELL_SECONDS = 10.0


class GatewaySupervisor:
    """Starts the gateway when none runs for this home, and again when it has died, with growing pauses."""

    def __init__(self, settings: Settings, home: Path, command: Sequence[str] | None = None) -> None:
        self._home = home
        self._environment = _environment(settings, home)
        self._command = list(command or (sys.executable, "-m", "modelyard.gateway"))
        self._child: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._pause = 0.0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="gateway-supervisor", daemon=True)

    def start(self) -> None:
        """Begin; the gateway is started, or found running, within moments."""
        self._thread.start()

    def stop(self) -> None:
        """Let the gateway be; it goes on serving."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()
        if self._child is not None and self._child.poll() is None:
            self._child.returncode = 0  # It is not waited for any more: that keeps Popen from warning of it.

    def _run(self) -> None:
        wait = 0.0
        while not self._stopping.wait(wait):
            wait = _LOOK_SECONDS
            if self._alive():
                continue
            if self._child is not None:
                wait = self._mourn()
                if wait:
                    continue
            self._spawn()

    def _alive(self) -> bool:
        if self._child is not None:
            return self._child.poll() is None
        found = _announced(self._home / GATEWAY_FILE)
        return found is not None and runs(*found)

    def _mourn(self) -> float:
        """Seconds to wait before the next start."""
        assert self._child is not None
        code, lived = self._child.returncode, time.monotonic() - self._started_at
        self._child = None
        self._pause = 0.0 if lived > _WELL_SECONDS else min(_LONGEST_PAUSE_SECONDS, self._pause * 2)
        _LOG.warning("the gateway ended with code %s after %.1f s; it is started again", code, lived)
        pause, self._pause = self._pause, max(self._pause, _FIRST_PAUSE_SECONDS)
        return pause

    def _spawn(self) -> None:
        logs = self._home / "logs"
        logs.mkdir(mode=0o700, exist_ok=True)
        try:
            with (logs / "gateway.log").open("ab") as output:
                self._child = subprocess.Popen(
                    self._command,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    env=self._environment,
                    cwd=self._home,
                )
        except OSError as error:
            _LOG.error("the gateway cannot be started: %s", error)
        self._started_at = time.monotonic()


def _announced(path: Path) -> tuple[int, int | None] | None:
    try:
        body = json.loads(path.read_text("utf-8"))
        return int(body["pid"]), body.get("pid_start")
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _environment(settings: Settings, home: Path) -> Mapping[str, str]:
    own = {
        "MODELYARD_HOME": str(home),
        "MODELYARD_GATEWAY_HOST": settings.gateway_host,
        "MODELYARD_GATEWAY_PORT": str(settings.gateway_port),
        "MODELYARD_MAX_BODY_BYTES": str(settings.max_body_bytes),
    }
    return {**os.environ, **own}
