"""Processes that try candidates: each call can be ended on time or memory, and a failing one costs only itself."""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing import connection as connections
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Self

from modelyard.automl.search.nursery import MESSAGE
from modelyard.domain.extras import LazyModule

psutil = LazyModule("psutil", extra="automl", what="watching the memory of workers")

_SLICE_SECONDS = 0.1
_STARTS_WITHOUT_HELLO = 3
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
PRELOADED = ("pandas", "scipy.sparse", "sklearn.ensemble", "sklearn.linear_model", "lightgbm")


@dataclass(frozen=True)
class Failure:
    reason: str
    """`error` (the call raised), `time`, `memory` (its process was ended) or `died`."""
    type: str
    """Name of the exception's class, such as `OutOfTime`; empty where there was none."""
    message: str
    traceback: str = ""


@dataclass(frozen=True)
class Finished:
    number: int
    """What `submit` returned."""
    value: Any
    failure: Failure | None
    seconds: float
    """From its start in a worker."""


class WorkersLost(RuntimeError):
    """No worker can be started; the message holds the end of their log."""


@dataclass
class _Call:
    number: int
    request: bytes
    seconds: float | None
    begun: float = 0.0


@dataclass(eq=False)
class _Worker:
    connection: Connection
    pid: int | None = None
    call: _Call | None = None
    baseline_bytes: int = 0
    ended: Failure | None = field(default=None)
    """Why we ended it."""


class Workers:
    """`count` processes forked from a clean one with `preload` imported. One thread uses it at a time.

    Functions are named by module, so they must be importable: no lambdas, nothing of a user's main module. No process
    outlives this one, however it ends. A context manager.
    """

    def __init__(
        self,
        count: int,
        memory_bytes: int | None = None,
        folder: Path | None = None,
        *,
        threads: int = 1,
        preload: Sequence[str] = PRELOADED,
    ) -> None:
        """`memory_bytes`: of each worker, beyond what it holds at its start. `folder`: for the log of what they print.

        Returns at once; the processes start meanwhile, and calls wait for them.
        """
        self.count = count
        self._memory_bytes = memory_bytes
        self._queue: deque[_Call] = deque()
        self._done: deque[Finished] = deque()
        self._next = 0
        self._silent_deaths = 0
        self._log = (folder / "workers.log") if folder is not None else Path(os.devnull)
        self._control, self._process = _start_nursery(self._log, threads, preload)
        self._control_bytes = b""
        self._codes: dict[int, int] = {}
        self._workers = [self._fork() for _ in range(count)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def unfinished(self) -> int:
        """Calls that are waiting or running."""
        return len(self._queue) + sum(worker.call is not None for worker in self._workers)

    @property
    def idle(self) -> int:
        """Workers with nothing to do."""
        return max(0, self.count - self.unfinished)

    def submit(self, function: Callable[..., Any], *arguments: Any, seconds: float | None = None) -> int:
        """Call `function(*arguments)` in a worker when one is free; it is ended `seconds` after its start."""
        number = self._next
        self._next += 1
        self._queue.append(_Call(number, pickle.dumps((function, arguments), protocol=5), seconds))
        self._assign()
        return number

    def cancel(self, number: int) -> None:
        """Forget a call: it leaves the queue, or its worker is ended and replaced. Nothing is reported of it."""
        self._queue = deque(call for call in self._queue if call.number != number)
        for worker in self._workers:
            if worker.call is not None and worker.call.number == number:
                worker.call = None
                self._end(worker, Failure("died", "", "cancelled"))
                self._replace(worker)

    def wait(self, seconds: float) -> list[Finished]:
        """The calls that have ended, after waiting up to `seconds` for one.

        Raises:
            WorkersLost: workers die before they start.
        """
        deadline = time.monotonic() + seconds
        while True:
            left = deadline - time.monotonic()
            self._look(0.0 if self._done else max(0.0, min(left, _SLICE_SECONDS)))
            if self._done or left <= 0 or not self.unfinished:
                found = list(self._done)
                self._done.clear()
                return found

    def stop(self) -> None:
        """End every process. May be called twice."""
        self._queue.clear()
        self._control.close()
        try:
            self._process.wait(2.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for worker in self._workers:
            worker.connection.close()
        self._workers = []

    def _fork(self) -> _Worker:
        ours, theirs = socket.socketpair()
        with theirs, contextlib.suppress(BrokenPipeError, ConnectionResetError):
            socket.send_fds(self._control, [MESSAGE.pack(b"FORK", 0)], [theirs.fileno()])
        return _Worker(Connection(ours.detach()))

    def _assign(self) -> None:
        for worker in self._workers:
            if not self._queue:
                return
            if worker.pid is not None and worker.call is None:
                worker.call = self._queue.popleft()
                worker.call.begun = time.monotonic()
                # Its death is noticed when it is listened to.
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    worker.connection.send_bytes(worker.call.request)

    def _look(self, seconds: float) -> None:
        by_connection: dict[Any, _Worker] = {worker.connection: worker for worker in self._workers}
        for ready in connections.wait(list(by_connection), timeout=seconds):
            self._hear(by_connection[ready])
        self._enforce()
        self._assign()

    def _hear(self, worker: _Worker) -> None:
        try:
            message = worker.connection.recv_bytes()
        except (EOFError, OSError):
            self._bury(worker)
            return
        answer = pickle.loads(message)
        if worker.pid is None:
            worker.pid = answer
            worker.baseline_bytes = _memory_bytes(answer)
            self._silent_deaths = 0
            return
        call, worker.call = worker.call, None
        if call is None:
            return
        value, failed = answer
        failure = None if failed is None else Failure("error", failed["type"], failed["message"], failed["traceback"])
        self._report(call, value, failure)

    def _report(self, call: _Call, value: Any, failure: Failure | None) -> None:
        self._done.append(Finished(call.number, value, failure, time.monotonic() - call.begun))

    def _bury(self, worker: _Worker) -> None:
        if worker.pid is None:
            self._silent_deaths += 1
            if self._silent_deaths >= _STARTS_WITHOUT_HELLO or self._process.poll() is not None:
                raise WorkersLost(f"no worker starts; {_tail(self._log)}")
        if worker.call is not None:
            self._report(worker.call, None, worker.ended or Failure("died", "", self._death(worker)))
        self._replace(worker)

    def _replace(self, worker: _Worker) -> None:
        worker.connection.close()
        self._workers[self._workers.index(worker)] = self._fork()

    def _death(self, worker: _Worker) -> str:
        """How it ended, in words."""
        end = time.monotonic() + 0.5
        self._control.settimeout(0.1)
        while worker.pid not in self._codes and time.monotonic() < end:
            with contextlib.suppress(TimeoutError):
                self._control_bytes += self._control.recv(4096)
            while len(self._control_bytes) >= 2 * MESSAGE.size:
                _, pid = MESSAGE.unpack_from(self._control_bytes, 0)
                _, self._codes[pid] = MESSAGE.unpack_from(self._control_bytes, MESSAGE.size)
                self._control_bytes = self._control_bytes[2 * MESSAGE.size :]
        self._control.settimeout(None)
        code = self._codes.get(worker.pid or 0, 0)
        if code == -9:
            return "its process was killed, as the system does when memory runs out (signal 9)"
        return f"its process ended with {f'signal {-code}' if code < 0 else f'code {code}'}; {_tail(self._log)}"

    def _enforce(self) -> None:
        """End the calls that passed their time or memory."""
        now = time.monotonic()
        for worker in list(self._workers):
            call = worker.call
            if call is None or worker.pid is None or worker.ended is not None:
                continue
            if call.seconds is not None and now - call.begun > call.seconds:
                self._end(worker, Failure("time", "", f"ended after {call.seconds:.3g} seconds"))
            elif self._memory_bytes is not None:
                grown = _memory_bytes(worker.pid) - worker.baseline_bytes
                if grown > self._memory_bytes:
                    wanted = f"{grown / 2**20:.0f} MiB, over its {self._memory_bytes / 2**20:.0f} MiB"
                    self._end(worker, Failure("memory", "", f"ended because it took {wanted}"))

    def _end(self, worker: _Worker, why: Failure) -> None:
        worker.ended = why
        if worker.pid is not None:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError, OSError):
                self._control.sendall(MESSAGE.pack(b"KILL", worker.pid))


def _start_nursery(log: Path, threads: int, preload: Sequence[str]) -> tuple[socket.socket, subprocess.Popen[bytes]]:
    ours, theirs = socket.socketpair()
    code = (
        f"import sys, json; sys.path[:] = json.loads({json.dumps(json.dumps(sys.path))})\n"
        f"from modelyard.automl.search.nursery import main; main({theirs.fileno()}, {list(preload)!r})"
    )
    environment = {**os.environ, **dict.fromkeys(_THREAD_VARIABLES, str(threads))}
    with theirs, log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=(theirs.fileno(),),
            env=environment,
            # Ctrl-C is for the parent alone, which then decides what becomes of them.
            start_new_session=True,
        )
    return ours, process


def _memory_bytes(pid: int) -> int:
    """What a process holds for itself, without the files it has mapped; 0 when it is gone."""
    try:
        if sys.platform != "linux":
            return int(psutil.Process(pid).memory_info().rss)
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) * 1024
    except (OSError, psutil.Error):
        pass
    return 0


def _tail(log: Path) -> str:
    with contextlib.suppress(OSError):
        lines = log.read_text(errors="replace").strip().splitlines()[-5:]
        if lines:
            return "its log ends: " + " | ".join(lines)
    return "it left no log"
