"""Scoring workers as processes: started detached, seen by the files of their directory, stopped gently.

A worker outlives the server that started it. Whoever comes later knows it by its directory, in which it wrote its
pid and start time; a pid alone is never trusted.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import signal
import stat
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelyard.controllers.deployment_plan import Phase
from modelyard.domain.errors import Unavailable
from modelyard.kit.files import write_json_atomically
from modelyard.kit.inherited import inherited
from modelyard.kit.process import runs

log = logging.getLogger(__name__)

SCORER = Path(__file__).resolve().parents[1] / "scorer" / "__main__.py"
LOG = "scorer.log"
_LOG_BYTES = 64 << 20
_LOG_KEPT_BYTES = 4 << 20
_SOCKET_PATH_BYTES = 100
_STARTED_WITHIN_SECONDS = 20.0
_KEPT_DIRECTORIES = 5


@dataclass(frozen=True)
class Observation:
    phase: Phase
    error: dict[str, Any] | None = None
    model: dict[str, Any] | None = None


class ScoringInstances:
    """Every method may be called from any thread."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._lock = threading.Lock()

    def directory(self, workspace: str, endpoint: str, deployment: str, name: str) -> Path:
        return self._root / workspace / endpoint / deployment / name

    def socket(self, directory: Path) -> str:
        """Where the worker listens: in its directory, or in a private folder when that path is too long for one."""
        inside = directory / "scorer.sock"
        if len(os.fsencode(inside)) <= _SOCKET_PATH_BYTES:
            return str(inside)
        digest = hashlib.sha256(os.fsencode(inside)).hexdigest()[:24]
        return str(_private_folder() / f"{digest}.sock")

    def start(self, directory: Path, document: Mapping[str, Any], python: Path) -> None:
        """Write `instance.json` and start the worker; Unavailable when no process could be started."""
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_json_atomically(directory / "instance.json", dict(document))
        environment = {
            **inherited(os.environ),
            "PATH": f"{python.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "PYTHONUNBUFFERED": "1",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "DO_NOT_TRACK": "true",
            # One row is too little work to share among threads, and workers are how a deployment grows.
            "OMP_NUM_THREADS": "1",
            **document["env"],
        }
        try:
            with (directory / LOG).open("ab") as output:
                child = subprocess.Popen(
                    [str(python), "-P", str(SCORER), str(directory)],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    cwd=directory,
                    env=environment,
                    start_new_session=True,
                )
        except OSError as error:
            raise Unavailable(f"The scoring worker cannot be started: {error}.") from error
        with self._lock:
            self._children[str(directory)] = child

    def fail(self, directory: Path, error: Exception) -> None:
        """Write down why a worker could not even be started."""
        told = {"type": type(error).__name__, "message": str(error)}
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_json_atomically(directory / "failed.json", {"pid": None, "error": told})

    def observe(self, directory: Path, age_seconds: float) -> Observation:
        """Where the worker of this directory stands. Never raises."""
        self._reap(directory)
        failed = _read(directory / "failed.json")
        if failed is not None:
            return Observation(Phase.FAILED, error=failed.get("error"))
        worker = _read(directory / "worker.json")
        if worker is None:
            young = age_seconds < _STARTED_WITHIN_SECONDS and not self._exited(directory)
            return Observation(Phase.STARTING if young else Phase.GONE)
        if not runs(int(worker["pid"]), worker["pid_start"]):
            return Observation(Phase.GONE)
        ready = _read(directory / "ready.json")
        if ready is None:
            return Observation(Phase.STARTING)
        return Observation(Phase.READY, model=ready.get("model"))

    def signal(self, directory: Path, number: signal.Signals) -> None:
        """Send a signal to the very worker of this directory. SIGKILL goes to its whole group."""
        worker = _read(directory / "worker.json")
        if worker is None or not runs(int(worker["pid"]), worker["pid_start"]):
            return
        try:
            if number is signal.SIGKILL:
                os.killpg(int(worker["pid"]), number)
            else:
                os.kill(int(worker["pid"]), number)
        except ProcessLookupError:
            return

    def trim_log(self, directory: Path) -> None:
        """Bound a log: the last megabytes stay, in place, for the worker goes on appending to the same file."""
        path = directory / LOG
        try:
            if path.stat().st_size <= _LOG_BYTES:
                return
            with path.open("r+b") as file:
                file.seek(-_LOG_KEPT_BYTES, os.SEEK_END)
                kept = file.read()
                file.truncate(0)
                file.seek(0)
                file.write(kept)
        except OSError:
            log.warning("the log %s cannot be trimmed", path, exc_info=True)

    def forget(self, directory: Path) -> None:
        """Let go of a worker that ended. Its log stays until newer instances have come and gone."""
        self._reap(directory)
        Path(self.socket(directory)).unlink(missing_ok=True)
        past = sorted(directory.parent.glob("*/instance.json"), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in past[_KEPT_DIRECTORIES:]:
            worker = _read(path.with_name("worker.json"))
            if worker is None or not runs(int(worker["pid"]), worker["pid_start"]):
                shutil.rmtree(path.parent, ignore_errors=True)

    def erase(self, workspace: str, endpoint: str, deployment: str | None = None) -> None:
        """Remove the folder of a deployment, or of a whole endpoint, that is gone."""
        folder = self._root / workspace / endpoint
        shutil.rmtree(folder / deployment if deployment else folder, ignore_errors=True)

    def _reap(self, directory: Path) -> None:
        with self._lock:
            child = self._children.get(str(directory))
            if child is not None and child.poll() is not None:
                del self._children[str(directory)]
                _note_exit(directory, child)

    def _exited(self, directory: Path) -> bool:
        return (directory / "exited.json").exists()


def _note_exit(directory: Path, child: subprocess.Popen[bytes]) -> None:
    if directory.is_dir():
        write_json_atomically(directory / "exited.json", {"pid": child.pid, "code": child.returncode})


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _private_folder() -> Path:
    """A folder of this user alone; one that somebody else has made under its name is refused."""
    folder = Path(tempfile.gettempdir()) / f"modelyard-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise Unavailable(f"The folder {folder} is not this user's own; remove it.")
    return folder
