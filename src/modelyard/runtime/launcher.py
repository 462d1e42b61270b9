"""Runs one task from its directory, once: claim, stage, start, see to the end, collect, write the exit record."""

from __future__ import annotations

import fcntl
import os
import time

from .container import cleanup_argv, container_argv
from .guard import Guard
from .processes import MARKER, adopt_orphans, keep_file_modes, kill_all, start_time
from .ranks import Rank, ranks
from .read_only import protect
from .staging import collect, stage, storage_error
from .supervision import Outcome, Stopped, Supervisor, spawned
from .task import TaskDirectory, TaskError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .forked import Forker
    from .supervision import Beginning

SHELLS = ("/bin/bash", "/usr/bin/bash", "/usr/local/bin/bash")
LONGEST_ARGUMENT_BYTES = 100_000


def main(arguments: list[str], forker: Forker | None = None) -> int:
    """`<task directory> [note for its log ...]`: 0 when its end is on record, 3 when another launcher has the task.

    `--sweep <task id>` kills every process of a task instead, and says how many there were. With a `forker` the
    command is forked and not started, if it can be; Begun is raised in the process that is to run it.
    """
    if arguments[1] == "--sweep":
        os.write(1, str(kill_all(arguments[2])).encode())
        return 0
    directory = TaskDirectory(arguments[1])
    claim = _claim(directory)
    if claim is None:
        _tell_backend(b"taken\n")
        return 3
    directory.write(
        "launcher.json", {"pid": os.getpid(), "pid_start": start_time(os.getpid()), "started_at": time.time()}
    )
    directory.reserve_exit()
    Launch(directory, claim, arguments[2:], forker).run()
    return 0


class Launch:
    """One run of one task. Every way out of `run` leaves an exit record."""

    def __init__(self, directory: TaskDirectory, claim: int, notes: list[str], forker: Forker | None) -> None:
        self._directory = directory
        self._claim = claim
        self._notes = notes
        self._forker = forker
        self._began = time.time()
        self._started: float | None = None
        self._log: SystemLog = SystemLog(None)
        self._user_log = ""
        self._oom_kills = 0

    def run(self) -> None:
        outcome, error = Outcome(), None
        try:
            document = self._directory.document()
            self._log = SystemLog(f"{document['artifacts_dir']}/system_logs/launcher.log")
            outcome, error = self._run(document)
        except TaskError as failure:
            outcome.code, error = None, failure.to_dict()
        except Exception as failure:
            outcome.code, error = None, {"type": "LauncherError", "message": f"{type(failure).__name__}: {failure}"}
        self._record(outcome, error)

    def _run(self, document: dict[str, Any]) -> tuple[Outcome, dict[str, Any] | None]:
        adopt_orphans()
        keep_file_modes()
        task_id, cleanup = document["task_id"], cleanup_argv(document)
        guard = Guard.begin(task_id, self._directory.file("started.json"), self._claim, cleanup)
        supervisor = Supervisor(
            grace_seconds=document.get("grace_seconds", 10),
            timeout_seconds=document.get("timeout_seconds"),
            ignore=(guard.pid,),
        )
        try:
            self._log.say(f"task {task_id}, attempt {document.get('attempt')}")
            for note in (*document.get("notes", ()), *self._notes):
                self._log.say(note)
            stage(self._directory, document)
            for note in protect(document, self._directory.path):
                self._log.say(note)
            offset = self._start(document, supervisor)
        except Stopped:
            outcome = supervisor.outcome
            outcome.code = None
            guard.dismiss()
            return outcome, None
        outcome = supervisor.wait()
        if cleanup and outcome.failed:
            os.spawnvp(os.P_WAIT, cleanup[0], cleanup)
        error = self._finish(document, outcome, offset)
        guard.dismiss()
        return outcome, error

    def _start(self, document: dict[str, Any], supervisor: Supervisor) -> int:
        """Start every rank; the size of the user's log before it."""
        environment = {**os.environ, **document["env"], MARKER: document["task_id"], "PYTHONUNBUFFERED": "1"}
        if document.get("interpreter_bin"):
            environment["PATH"] = f"{document['interpreter_bin']}:{environment.get('PATH', os.defpath)}"
        logs = f"{document['artifacts_dir']}/user_logs"
        os.makedirs(logs, exist_ok=True)
        self._user_log = f"{logs}/std_log.txt"
        offset = os.path.getsize(self._user_log) if os.path.exists(self._user_log) else 0
        os.chdir(self._directory.work)
        self._oom_kills = _oom_kills()
        pids = []
        for rank in ranks({**document, "env": environment}, self._shell(document)):
            rank.argv = self._contained(document, rank)
            try:
                pids.append(supervisor.start(rank, environment, f"{logs}/{rank.log}", self._beginning(document)))
            except OSError as error:
                raise storage_error(f"The command could not be started ({rank.argv[0]})", error) from error
        self._started = time.time()
        self._note_start(pids)
        self._log.say(f"started {len(pids)} process(es): {pids}")
        return offset

    def _beginning(self, document: dict[str, Any]) -> Beginning:
        """How the command's process comes to be."""
        if self._forker is None:
            return spawned
        refusal = self._forker.refusal(document, self._directory.work)
        if refusal:
            self._log.say(f"not warm: {refusal}")
            return spawned
        forker = self._forker
        for note in ("warm: forked from a process that has the imports loaded", *forker.notes):
            self._log.say(note)
        return lambda rank, environment, log: forker.start(document, rank, environment, log)

    def _note_start(self, pids: list[int]) -> None:
        record = {"pid": pids[0], "pgid": pids[0], "pids": pids, "started_at": self._started}
        try:
            self._directory.write("started.json", record)
        except OSError as error:  # a full disk: the command runs all the same
            self._log.say(f"the start could not be recorded: {error}")
        _tell_backend(b"started\n")

    def _shell(self, document: dict[str, Any]) -> list[str]:
        shell = next((path for path in SHELLS if os.path.exists(path)), "/bin/sh")
        command = document["command"]
        if len(command.encode()) <= LONGEST_ARGUMENT_BYTES:
            return [shell, "-c", command]
        script = self._directory.file("command.sh")
        with open(script, "w", encoding="utf-8") as stream:
            stream.write(command)
        return [shell, script]

    def _contained(self, document: dict[str, Any], rank: Rank) -> list[str]:
        if not document.get("container"):
            return rank.argv
        names = [*document["env"], MARKER, "PYTHONUNBUFFERED", *rank.variables]
        inside = [name for name in dict.fromkeys(names) if name != "PATH"]
        return container_argv(document, self._directory.path, inside, rank.argv)

    def _finish(self, document: dict[str, Any], outcome: Outcome, offset: int) -> dict[str, Any] | None:
        if outcome.leftovers:
            self._log.say(f"ended {outcome.leftovers} background process(es) of the command")
        try:
            collect(document)
        except TaskError as error:
            self._log.say(error.message)
            if not outcome.failed:
                return error.to_dict()
        if not outcome.failed or outcome.cancelled:
            return None
        if outcome.timed_out:
            limit = document.get("timeout_seconds")
            hint = "Raise limits.timeout, or give the job less to do."
            return {"type": "Timeout", "message": f"The command ran longer than its limit of {limit} s.", "hint": hint}
        return self._diagnosis(outcome, offset)

    def _diagnosis(self, outcome: Outcome, offset: int) -> dict[str, Any]:
        from .diagnosis import diagnose  # lint: late-import: only a failure pays for its import

        killed = _oom_kills() - self._oom_kills
        error = diagnose(outcome.code, outcome.signal, self._user_log, offset, self._directory.work, killed)
        space = os.statvfs(self._directory.path)
        if space.f_bavail * space.f_frsize < 1 << 16:
            error = {**error, "hint": "The disk is full: free some space and run the job again."}
        return error

    def _record(self, outcome: Outcome, error: dict[str, Any] | None) -> None:
        self._log.say(f"exit code {outcome.code}, signal {outcome.signal}, error {error}")
        self._directory.write_exit(
            {
                "exit_code": outcome.code,
                "signal": outcome.signal,
                "timed_out": outcome.timed_out,
                "cancelled": outcome.cancelled,
                "started_at": self._started or self._began,
                "ended_at": time.time(),
                "error": error,
            }
        )


class SystemLog:
    """The launcher's own log. It is told, never relied on: a full disk does not end a task through it."""

    def __init__(self, path: str | None) -> None:
        self._path = path
        self._descriptor: int | None = None

    def say(self, text: str) -> None:
        try:
            if self._descriptor is None:
                if self._path is None:
                    return
                os.makedirs(os.path.dirname(self._path), exist_ok=True)
                self._descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            os.write(self._descriptor, f"{moment} {text}\n".encode())
        except OSError:
            return


def _claim(directory: TaskDirectory) -> int | None:
    """Take the task for the life of this process; None when a launcher has it, or had it."""
    descriptor = os.open(directory.file("claim"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return None
    return None if directory.exists("launcher.json") else descriptor


def _tell_backend(word: bytes) -> None:
    """Say on the standard output, which is the backend's pipe while it lives, what has become of the task."""
    try:
        os.write(1, word)
    except OSError:
        return


def _oom_kills() -> int:
    """How often the kernel has killed for memory since boot."""
    try:
        with open("/proc/vmstat", encoding="ascii") as stream:
            return next((int(line.split()[1]) for line in stream if line.startswith("oom_kill ")), 0)
    except (OSError, ValueError):
        return 0
