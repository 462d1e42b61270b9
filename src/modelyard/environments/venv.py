"""Virtual environments by content hash: built once, under a lock, and put in place whole."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from uv import find_uv_bin

from modelyard.domain.errors import InvalidInput, StorageFull
from modelyard.environments.requirements import FIELD, PythonRequirements
from modelyard.kit.inherited import inherited

BUILD_SECONDS = 3600.0


class VenvCache:
    """`<root>/<hash>` holds a finished environment, `<root>/<hash>.log` the log of its last build."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def path(self, requirements: PythonRequirements) -> Path:
        return self._root / requirements.hash

    def log(self, requirements: PythonRequirements) -> Path:
        return self._root / f"{requirements.hash}.log"

    def ready(self, requirements: PythonRequirements) -> bool:
        return (self.path(requirements) / "bin" / "python").exists()

    def build(self, requirements: PythonRequirements) -> Path:
        """The environment's folder, built unless it is there. Another process that builds it is waited for.

        InvalidInput carries the resolver's own reason; StorageFull when the disk is full. Nothing half-built stays.
        """
        with self._lock(requirements):
            if not self.ready(requirements):
                self._build(requirements)
        return self.path(requirements)

    def _build(self, requirements: PythonRequirements) -> None:
        for stale in self._root.glob(f".building-{requirements.hash}-*"):
            shutil.rmtree(stale, ignore_errors=True)
        place = self._root / f".building-{requirements.hash}-{os.getpid()}"
        python = requirements.python or sys.executable
        try:
            self._run(requirements, ["venv", "--relocatable", "--python", python, str(place)])
            if requirements.packages or requirements.options:
                listed = place / "modelyard-requirements.txt"
                listed.write_text("\n".join([*requirements.options, *requirements.packages]) + "\n")
                self._run(
                    requirements, ["pip", "install", "--python", str(place / "bin" / "python"), "-r", str(listed)]
                )
            place.rename(self.path(requirements))
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise

    def _run(self, requirements: PythonRequirements, arguments: list[str]) -> None:
        log = self.log(requirements)
        before = log.stat().st_size if log.exists() else 0
        with log.open("ab") as stream:
            stream.write(f"$ uv {' '.join(arguments)}\n".encode())
            stream.flush()
            environment = {**inherited(os.environ), "UV_NO_PROGRESS": "1", "NO_COLOR": "1"}
            done = subprocess.run(
                [find_uv_bin(), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                env=environment,
                cwd=self._root,
                timeout=BUILD_SECONDS,
                check=False,
            )
        if done.returncode != 0:
            raise _failure(log, before)

    @contextmanager
    def _lock(self, requirements: PythonRequirements) -> Iterator[None]:
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self._root / f"{requirements.hash}.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
            # What a reader sees of the lock's file is when the environment was last asked for.
            os.utime(lock.fileno(), (time.time(), time.time()))


def _failure(log: Path, offset: int) -> Exception:
    with log.open("rb") as stream:
        stream.seek(offset)
        said = stream.read().decode("utf-8", "replace")
    if "No space left on device" in said:
        return StorageFull("The disk is full: the environment could not be built.")
    lines = [line for line in said.splitlines()[1:] if line.strip()]
    return InvalidInput(
        "The environment could not be built: " + "\n".join(lines[-15:]),
        field=FIELD,
        mend="change the requirements; the full log is system_logs/environment_build.log",
    )
