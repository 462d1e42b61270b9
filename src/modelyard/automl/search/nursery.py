"""The process that workers are forked from: clean, single-threaded, with the libraries loaded.

It is started by `workers.py` as a new interpreter that never runs the user's main module, so a script needs no
`if __name__ == "__main__"`. It speaks in messages of 8 bytes over one socket: `FORK` with the worker's end of a socket
attached, `KILL` with a pid; it answers `DEAD` with a pid and `CODE` with how it ended. When the socket closes, because
its owner closed it or died in whatever way, it kills the workers and ends.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import os
import pickle
import select
import signal
import socket
import struct
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Any

MESSAGE = struct.Struct("<4si")
_DEATH_SIGNAL = 1  # prctl's PR_SET_PDEATHSIG.


def main(control_fd: int, modules: Sequence[str]) -> None:
    """`modules`: to import; with `:name` behind, a function of it is called."""
    control = socket.socket(fileno=control_fd)
    for name in modules:
        # One that is not installed is found missing by who needs it.
        with contextlib.suppress(Exception), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            module, _, function = name.partition(":")
            loaded = importlib.import_module(module)
            if function:
                getattr(loaded, function)()
    gc.collect()
    gc.freeze()
    children: set[int] = set()
    try:
        _serve(control, children)
    finally:
        for pid in children:
            _kill(pid)


def _serve(control: socket.socket, children: set[int]) -> None:
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    while True:
        watched: list[Any] = [control, woken]
        ready, _, _ = select.select(watched, [], [])
        if woken in ready:
            os.read(woken, 4096)
            _reap(control, children)
        if control not in ready:
            continue
        message, fds, _, _ = socket.recv_fds(control, MESSAGE.size, 1)
        if len(message) < MESSAGE.size:
            return
        order, pid = MESSAGE.unpack(message)
        if order == b"KILL" and pid in children:
            _kill(pid)
        if order == b"FORK":
            children.add(_fork(fds[0], (control.fileno(), woken, wake)))


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _reap(control: socket.socket, children: set[int]) -> None:
    for pid in list(children):
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            children.discard(pid)
            control.sendall(MESSAGE.pack(b"DEAD", pid) + MESSAGE.pack(b"CODE", os.waitstatus_to_exitcode(status)))


def _fork(fd: int, inherited: Sequence[int]) -> int:
    nursery = os.getpid()
    pid = os.fork()
    if pid:
        os.close(fd)
        return pid
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for other in inherited:
            os.close(other)
        _die_with(nursery)
        _work(Connection(fd))
    finally:
        os._exit(0)


def _die_with(parent: int) -> None:
    """End when the nursery ends, even killed: by the kernel on Linux, by looking each second elsewhere."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGKILL)
    else:
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()
    if os.getppid() != parent:
        os._exit(1)


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)


def _work(connection: Connection) -> None:
    warnings.simplefilter("ignore")
    connection.send(os.getpid())
    while True:
        try:
            request = connection.recv_bytes()
        except EOFError:
            return
        connection.send_bytes(_answer(request))


def _answer(request: bytes) -> bytes:
    """Runs a call. The answer is (value, None) or (None, failure), pickled."""
    try:
        function, arguments = pickle.loads(request)
        return pickle.dumps((function(*arguments), None), protocol=5)
    except BaseException as error:
        return pickle.dumps((None, failure(error)), protocol=5)


def failure(error: BaseException) -> dict[str, Any]:
    """Of an exception, what crosses to another process."""
    last = traceback.extract_tb(error.__traceback__)[-1:]
    return {
        "type": type(error).__name__,
        "message": str(error) or type(error).__name__,
        "where": f"{last[0].filename}:{last[0].lineno}" if last else "",
        "traceback": "".join(traceback.format_exception(error))[-4000:],
    }
