"""The loop of a warm process: a request comes with a task directory, a launcher is forked for it.

Requests and answers are messages on a socket that the server holds the other end of, made before this process and
reachable by no name. A launcher that is forked is a launcher like any other; only that it forks the command as well.
It is in a session of its own and goes on when this process, or the server, is killed.
"""

from __future__ import annotations

import os
import select
import socket
import sys
import time

from . import launcher
from .forked import Begun, Forker
from .lean import dumps, loads, signal
from .preload import changeable, descriptors, preload, written

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MESSAGE_BYTES = 1 << 16
LOOK_SECONDS = 1.0


def serve(arguments: list[str]) -> None:
    """`<script> <json of options>`: returns when nothing came for a while or the server has gone.

    Raises Begun in a process that is to run a script.
    """
    options: dict[str, Any] = loads(arguments[1])
    without: dict[str, str] = options["without"]
    loaded = preload([name for name in options["modules"] if name not in without])
    if not hasattr(socket, "recv_fds"):
        loaded.unsafe, loaded.cause = "it needs Python 3.9 or later", ""
    if loaded.cause:
        _start_anew(arguments, options, {**without, loaded.cause: loaded.unsafe})
    if options["path"]:
        os.environ["PATH"] = options["path"]  # the launcher puts the interpreter's folder before it
    kept = [number for number in descriptors() if number != options["control"]]
    control = socket.socket(fileno=options["control"])
    control.set_inheritable(False)
    first = {"unfit": loaded.unsafe} if loaded.unsafe else {"ready": True, "without": without}
    try:
        control.send(dumps(first).encode())
        while loaded.unsafe and control.recv(MESSAGE_BYTES):
            continue  # with a request unread the answer might be lost: the server hangs up when it has it
    except OSError:  # the server has gone meanwhile
        return
    if not loaded.unsafe:
        ForkServer(control, float(options["idle_seconds"]), Forker(kept, loaded.printed, without)).serve()


def _start_anew(arguments: list[str], options: dict[str, Any], without: dict[str, str]) -> None:
    """Begin again without the module that makes this process unfit: nothing can be taken out of one again."""
    again = dumps({**options, "without": without})
    os.execv(sys.executable, [sys.executable, arguments[0], again])


class ForkServer:
    def __init__(self, control: socket.socket, idle_seconds: float, forker: Forker) -> None:
        self._control = control
        self._idle_seconds = idle_seconds
        self._forker = forker
        self._launchers: set[int] = set()
        self._last = time.monotonic()
        self._files = changeable()

    def serve(self) -> None:
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        while True:
            ready = poll.poll(LOOK_SECONDS * 1000)
            self._reap()
            if ready and not self._take():
                return
            if self._launchers or ready:
                self._last = time.monotonic()
            elif time.monotonic() - self._last > self._idle_seconds:
                return

    def _reap(self) -> None:
        for pid in list(self._launchers):
            if os.waitpid(pid, os.WNOHANG)[0]:
                self._launchers.discard(pid)

    def _take(self) -> bool:
        """Serve one request; False when the server has gone."""
        try:
            message, passed, _, _ = socket.recv_fds(self._control, MESSAGE_BYTES, 1)
        except OSError:
            return False
        if not message:
            return False
        request: dict[str, Any] = loads(message.decode())
        changed = next((file for file, moment in self._files.items() if written(file) != moment), None)
        if changed is not None:
            self._answer({"id": request["id"], "refused": f"{changed} was changed after it was loaded"}, [])
            return False
        try:
            self._fork(request, passed[0])
        except OSError as error:
            self._answer({"id": request["id"], "refused": f"the warm process could not fork: {error}"}, [])
        os.close(passed[0])  # not in a `finally`, which a script on its way to the top would pass through
        return True

    def _fork(self, request: dict[str, Any], output: int) -> None:
        pid = os.fork()
        if pid == 0:
            self._become_launcher(request["directory"], output)
        self._launchers.add(pid)
        pidfd = os.pidfd_open(pid)  # before the process is waited for: the number is surely its own
        self._answer({"id": request["id"], "pid": pid}, [pidfd])
        os.close(pidfd)

    def _answer(self, message: dict[str, Any], passed: list[int]) -> None:
        try:
            socket.send_fds(self._control, [dumps(message).encode()], passed)
        except OSError:  # the server has gone: the next look at the socket says so
            return

    def _become_launcher(self, directory: str, output: int) -> None:
        """Leaves this process at the end, or raises Begun in a child of it."""
        code = 1
        try:
            os.setsid()
            self._control.close()
            os.dup2(output, 1)
            os.dup2(output, 2)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            code = launcher.main(["", directory], self._forker)
        except Begun:
            raise
        except BaseException as error:
            os.write(2, f"{type(error).__name__}: {error}\n".encode())
        os._exit(code)
