"""A Python script that begins in a fork of a process with its imports loaded, as if it had been started by its command.

The fork happens deep inside the launcher. The child makes itself a process like the one that the launcher would have
started, then raises `Begun` to leave all of the launcher's frames behind, and runs the script at the very top.
"""

from __future__ import annotations

import os
import sys

from .lean import signal
from .preload import descriptors
from .processes import MARKER, drop_file_override, rewrite_environment
from .ranks import Rank
from .script import Script

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

EXTENSIONS = (".py", ".pyc", ".so")


class Begun(BaseException):
    """Carries the script to the top of the process that is to run it."""

    def __init__(self, script: Script) -> None:
        super().__init__()
        self.script = script


class Forker:
    """Starts the command of a task by a fork.

    `kept` are the descriptors that the imports opened, `printed` what they printed, `without` the modules that were
    not loaded and why.
    """

    def __init__(self, kept: list[int], printed: bytes, without: dict[str, str]) -> None:
        self._kept = kept
        self._printed = printed
        self.notes = [f"not loaded beforehand: {name}: {why}" for name, why in without.items()]

    def refusal(self, document: dict[str, Any], work: str) -> str:
        """Why this task's command must be started anew after all; empty when it can be forked."""
        warm = document["warm"]
        if warm["module"]:
            return self._shadowed(work)
        path = os.path.join(work, warm["target"])
        if not os.path.isfile(path):
            return f"{warm['target']} is no file"
        return self._shadowed(os.path.dirname(os.path.realpath(path)))

    def _shadowed(self, folder: str) -> str:
        """A file of the user that the imports would have found in place of a module that is loaded."""
        with os.scandir(folder) as entries:
            for entry in entries:
                name, dot, _ = entry.name.partition(".")
                own = entry.name.endswith(EXTENSIONS) if dot else os.path.isfile(f"{entry.path}/__init__.py")
                if own and name in sys.modules and name != "__main__":
                    return f"{entry.name} of the code has the name of a module that is loaded"
        return ""

    def start(self, document: dict[str, Any], rank: Rank, environment: dict[str, str], log: str) -> int:
        """The pid of a child that runs the command. Raises Begun in that child, OSError when there is none."""
        script = Script(document["warm"], {**environment, **rank.variables}, self._printed)
        held = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM, signal.SIGINT, signal.SIGHUP))
        pid = os.fork()
        if pid == 0:
            try:
                self._become_command(document["task_id"], log)
            except BaseException as error:
                os.write(2, f"the command could not be started: {error}\n".encode())
                os._exit(126)
            signal.pthread_sigmask(signal.SIG_SETMASK, held)
            raise Begun(script)
        signal.pthread_sigmask(signal.SIG_SETMASK, held)
        return pid

    def _become_command(self, task_id: str, log: str) -> None:
        signal.set_wakeup_fd(-1)
        for default in (signal.SIGCHLD, signal.SIGTERM, signal.SIGHUP):
            signal.signal(default, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        os.setsid()
        for number, path, flags in (
            (0, os.devnull, os.O_RDONLY),
            (1, log, os.O_WRONLY | os.O_APPEND | os.O_CREAT),
        ):
            opened = os.open(path, flags, 0o644)
            os.dup2(opened, number)
            os.close(opened)
        os.dup2(1, 2)
        for number in descriptors():
            if number not in self._kept:
                os.close(number)
        rewrite_environment(f"{MARKER}={task_id}")
        drop_file_override()
