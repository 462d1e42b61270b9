"""The container engine of this machine, if it has one."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from modelyard.domain.errors import Unavailable

ENGINES = ("docker", "podman")
REMEMBER_SECONDS = 60.0
ANSWER_SECONDS = 5.0


class EngineFinder:
    """The first engine on PATH that answers; asked again after `REMEMBER_SECONDS`, for daemons come and go."""

    def __init__(self, search_path: str | None = None) -> None:
        self._search_path = search_path
        self._lock = threading.Lock()
        self._found: str | None = None
        self._asked_at: float | None = None

    def engine(self) -> str | None:
        """Its full path; None where none works."""
        with self._lock:
            now = time.monotonic()
            if self._asked_at is None or now - self._asked_at > REMEMBER_SECONDS:
                paths = (shutil.which(name, path=self._search_path) for name in ENGINES)
                self._found = next((path for path in paths if path and _answers(path)), None)
                self._asked_at = now
            return self._found


def _answers(engine: str) -> bool:
    """A client without its daemon is no engine."""
    try:
        done = subprocess.run([engine, "ps", "--quiet"], capture_output=True, timeout=ANSWER_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def build_image(engine: str, context: Path, dockerfile: str, tag: str, log: Path) -> None:
    """Build a context into `tag`, its output appended to `log`. Unavailable with the engine's last words."""
    command = [engine, "build", "--tag", tag, "--file", str(context / dockerfile), str(context)]
    with log.open("ab") as stream:
        done = subprocess.run(command, stdout=stream, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        raise Unavailable(f"The image could not be built: {last_words(log)}", field="environment.build")


def has_image(engine: str, tag: str) -> bool:
    """Whether the engine holds `tag` already."""
    done = subprocess.run([engine, "image", "inspect", tag], capture_output=True, check=False)
    return done.returncode == 0


def run_arguments(resources: Mapping[str, object], gpus: int) -> list[str]:
    """Options of `run` that follow from a job's resources."""
    arguments = []
    if resources.get("shm_size"):
        arguments += ["--shm-size", str(resources["shm_size"])]
    if gpus:
        arguments += ["--gpus", str(gpus)]
    if os.getuid() != 0:
        arguments += ["--user", f"{os.getuid()}:{os.getgid()}"]
    given = resources.get("docker_args") or []
    return [*arguments, *(given.split() if isinstance(given, str) else [str(one) for one in given])]  # type: ignore[attr-defined]


def last_words(log: Path, lines: int = 12) -> str:
    """The end of a build's log."""
    try:
        text = log.read_text("utf-8", errors="replace")
    except OSError:
        return "it left no log"
    return "\n".join([line for line in text.splitlines() if line.strip()][-lines:])
