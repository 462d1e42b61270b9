"""The platform's processes on this machine: started, found, stopped."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelyard.client.home import Home
from modelyard.domain.errors import MissingExtra, ModelyardError, Unavailable
from modelyard.kit.process import process_start

_START_SECONDS = 60.0
_GATEWAY_SECONDS = 10.0
_TERM_SECONDS = 15.0
_KILL_SECONDS = 5.0
_TICK_SECONDS = 0.02
_NEEDED = ("fastapi", "uvicorn", "sqlalchemy")
_OUTPUT_FILE = "server.out"
# Servers that this process started and that are to outlive it; kept so that one which ended can be reaped.
_DETACHED: list[subprocess.Popen[bytes]] = []


class StartFailed(Unavailable):
    """The server ended before it answered; the message is what it said."""

    code = "start_failed"


@dataclass(frozen=True)
class ProcessFacts:
    """A process as its file describes it. `pid` is None when there is no file."""

    name: str
    pid: int | None
    url: str | None
    version: str | None
    running: bool
    answers: bool

    def to_dict(self) -> dict[str, Any]:
        state = "running" if self.answers else "not answering" if self.running else "stopped"
        facts = {"name": self.name, "state": state, "pid": self.pid if self.running else None}
        return facts | {"url": self.url if self.running else None, "version": self.version if self.running else None}


class LocalPlatform:
    """Server and gateway of one home. What runs is known by pid and start time, so a reused pid is not taken for it."""

    def __init__(
        self, home: Home, *, sleep: Callable[[float], None] = time.sleep, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.home = home
        self._sleep = sleep
        self._clock = clock

    def server(self) -> ProcessFacts:
        return _facts("server", self.home.server(), self.home.server().get("url"))

    def gateway(self) -> ProcessFacts:
        found = self.home.gateway()
        return _facts("gateway", found, found.get("url") or self.home.server().get("gateway_url"))

    def start(self, settings: Mapping[str, str], tick: Callable[[str], None] = lambda _: None) -> ProcessFacts:
        """Start the server detached, with `settings` in its environment, and wait until it and its gateway answer.

        A platform that runs already is left as it is. StartFailed carries what the server said before it ended.
        """
        found = self.server()
        if found.running:
            return self._until_ready(found.pid or 0, None, tick)
        require_server_extra()
        process = self._spawn({**os.environ, **settings, "MODELYARD_HOME": str(self.home.path)})
        return self._until_ready(process.pid, process, tick)

    def stop(self, tick: Callable[[str], None] = lambda _: None) -> list[str]:
        """Stop server, then gateway; the names of those that ran. Jobs and scoring workers go on."""
        stopped = []
        for name in ("server", "gateway"):
            body = self.home.server() if name == "server" else self.home.gateway()
            if _runs(body):
                tick(f"stopping the {name}")
                self._end(int(body["pid"]), body.get("pid_start"))
                stopped.append(name)
        for process in _DETACHED:
            process.poll()
        return stopped

    def stop_workers(self) -> int:
        """Stop every scoring worker of this home; how many ran. Their deployments start new ones at the next `up`."""
        stopped = 0
        for file in self.home.path.glob("endpoints/*/*/*/*/worker.json"):
            try:
                body = json.loads(file.read_text("utf-8"))
            except (OSError, ValueError):
                continue
            if _runs(body):
                self._end(int(body["pid"]), body.get("pid_start"))
                stopped += 1
        return stopped

    def output_tail(self, lines: int = 15) -> str:
        """The last lines that the server wrote outside its log."""
        try:
            text = (self.home.path / "logs" / _OUTPUT_FILE).read_text("utf-8", errors="replace")
        except FileNotFoundError:
            return ""
        return "\n".join(text.splitlines()[-lines:])

    def _spawn(self, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
        # In two steps: `parents` would make the home readable by everybody.
        self.home.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        logs = self.home.path / "logs"
        logs.mkdir(exist_ok=True, mode=0o700)
        with (logs / _OUTPUT_FILE).open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "modelyard.server"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=dict(environment),
                cwd=self.home.path,
            )
        _DETACHED.append(process)
        return process

    def _until_ready(
        self, pid: int, process: subprocess.Popen[bytes] | None, tick: Callable[[str], None]
    ) -> ProcessFacts:
        end = self._clock() + _START_SECONDS
        while self._clock() < end:
            if process is not None and process.poll() is not None:
                raise StartFailed(
                    f"The server ended with code {process.returncode}: {self.output_tail() or 'it said nothing'}",
                    mend=f"see {self.home.path / 'logs'}",
                )
            found = self.server()
            if found.pid == pid and found.answers:
                self._until_gateway(tick)
                return found
            tick("starting the server")
            self._sleep(_TICK_SECONDS)
        raise StartFailed(f"The server did not answer in {_START_SECONDS:.0f} s.", mend="see `modelyard logs server`")

    def _until_gateway(self, tick: Callable[[str], None]) -> None:
        """The server starts the gateway itself; a platform whose gateway is late is up all the same."""
        if os.environ.get("MODELYARD_RUN_GATEWAY", "").lower() in ("0", "false", "no"):
            return
        end = self._clock() + _GATEWAY_SECONDS
        while not self.gateway().answers and self._clock() < end:
            tick("starting the gateway")
            self._sleep(_TICK_SECONDS)

    def _end(self, pid: int, started: Any) -> None:
        for number, patience in ((signal.SIGTERM, _TERM_SECONDS), (signal.SIGKILL, _KILL_SECONDS)):
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                return
            end = self._clock() + patience
            while self._clock() < end:
                if not _runs({"pid": pid, "pid_start": started}):
                    return
                self._sleep(_TICK_SECONDS)
        raise ModelyardError(f"Process {pid} cannot be stopped.", mend=f"look at it: ps -p {pid}")


def require_server_extra() -> None:
    """MissingExtra unless the libraries of the server are installed."""
    if any(importlib.util.find_spec(name) is None for name in _NEEDED):
        raise MissingExtra("Running a server", "server")


def _facts(name: str, body: Mapping[str, Any], url: str | None) -> ProcessFacts:
    running = _runs(body)
    pid = int(body["pid"]) if body.get("pid") else None
    answers = running and url is not None and _answers(url)
    return ProcessFacts(name, pid, url, body.get("version"), running, answers)


def _runs(body: Mapping[str, Any]) -> bool:
    if not body.get("pid"):
        return False
    found = process_start(int(body["pid"]))
    return found is not None and body.get("pid_start") in (None, found)


def _answers(url: str) -> bool:
    # No proxy: these processes are on this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{url}/health", timeout=2.0) as answer:
            return int(answer.status) == 200
    except (OSError, urllib.error.URLError):
        return False


def log_file(home: Home, name: str) -> Path:
    """Where `server` or `gateway` writes its log."""
    return home.path / "logs" / f"{name}.log"
