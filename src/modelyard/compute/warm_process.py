"""One process with a list of modules loaded that forks launchers, and the thread that reads its answers."""

from __future__ import annotations

import json
import logging
import os
import select
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modelyard.compute.launchers import ForkedLauncher
from modelyard.compute.warm_kind import WarmKind

logger = logging.getLogger(__name__)

ENTRY = Path(__file__).parents[1] / "runtime" / "warm.py"
START_SECONDS = 120.0
ANSWER_SECONDS = 20.0
MESSAGE_BYTES = 1 << 16
LOOK_SECONDS = 1.0


@dataclass
class Request:
    """One launcher that was asked for. `instead` starts it anew, with a note why."""

    launcher: ForkedLauncher
    instead: Callable[[ForkedLauncher, str], None]
    settled: Callable[[], None]
    asked_at: float = field(default_factory=time.monotonic)


class WarmProcess:
    """Answers every request: by a fork, or, when it cannot or dies over it, by starting the launcher anew."""

    def __init__(
        self, kind: WarmKind, base: Mapping[str, str], idle_seconds: float, ended: Callable[[WarmProcess], None]
    ) -> None:
        """Raises OSError when it cannot be started."""
        self.kind = kind
        self.failure = ""
        self.used_at = time.monotonic()
        self._ended = ended
        self._lock = threading.Lock()
        self._requests: dict[int, Request] = {}
        self._count = 0
        self._ready = False
        self._open = True
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = self._start(theirs, base, idle_seconds)
        self._thread = threading.Thread(target=self._read, name="warm-process", daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, directory: str, request: Request) -> bool:
        """False when it cannot be asked any more; the request is then the caller's to serve."""
        self.used_at = time.monotonic()
        with self._lock:
            if not self._open:
                return False
            self._count += 1
            message = json.dumps({"id": self._count, "directory": directory}).encode()
            try:
                socket.send_fds(self._control, [message], [request.launcher.writing], socket.MSG_DONTWAIT)
            except OSError:
                return False
            self._requests[self._count] = request
        return True

    def end(self) -> None:
        """Let it go: what it has forked goes on. One that is still loading is killed."""
        with self._lock:
            self._open = False
            if not self._ready:
                self._process.kill()
        self._hang_up()

    def join(self) -> None:
        self._thread.join(5)

    def _start(self, theirs: socket.socket, base: Mapping[str, str], idle_seconds: float) -> subprocess.Popen[bytes]:
        options = {
            "control": theirs.fileno(),
            "modules": list(self.kind.modules),
            "without": {},
            "idle_seconds": idle_seconds,
            "path": base.get("PATH"),
        }
        return subprocess.Popen(
            [self.kind.python, str(ENTRY), json.dumps(options)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._errors,
            env=self.kind.environment(base),
            cwd="/",
            pass_fds=[theirs.fileno()],
            start_new_session=True,
        )

    def _read(self) -> None:
        """Until the process is gone."""
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        while True:
            if poll.poll(LOOK_SECONDS * 1000):
                if not self._take():
                    break
            elif self._hangs():
                self.failure = self.failure or "the warm process did not answer"
                self._process.kill()
                break
        self._close()

    def _hang_up(self) -> None:
        try:
            self._control.shutdown(socket.SHUT_RDWR)
        except OSError:
            return

    def _take(self) -> bool:
        try:
            message, passed, _, _ = socket.recv_fds(self._control, MESSAGE_BYTES, 1)
        except OSError:
            return False
        if not message:
            return False
        answer: dict[str, Any] = json.loads(message)
        if "ready" in answer:
            self._ready = True
            logger.info("a warm process is ready: pid %s, without %s", self.pid, answer.get("without"))
        elif "unfit" in answer:
            self.failure = str(answer["unfit"])
            return False
        else:
            self._settle(answer, passed)
        return True

    def _settle(self, answer: Mapping[str, Any], passed: list[int]) -> None:
        with self._lock:
            request = self._requests.pop(int(answer["id"]), None)
        if request is None:
            for descriptor in passed:
                os.close(descriptor)
        elif passed:
            request.launcher.forked(passed[0])
            request.settled()
        else:
            self._start_instead(request, str(answer.get("refused", "the warm process refused")))

    def _start_instead(self, request: Request, why: str) -> None:
        request.instead(request.launcher, why)
        request.settled()

    def _hangs(self) -> bool:
        with self._lock:
            oldest = min((one.asked_at for one in self._requests.values()), default=None)
        limit = ANSWER_SECONDS if self._ready else START_SECONDS
        return oldest is not None and time.monotonic() - oldest > limit

    def _close(self) -> None:
        with self._lock:
            self._open = False
            left = list(self._requests.values())
            self._requests.clear()
        self._hang_up()
        self._control.close()
        self._process.wait()
        if not self._ready and not self.failure:
            self.failure = f"the warm process could not begin: {self._last_words()}"
        self._errors.close()
        self._ended(self)
        for request in left:
            self._start_instead(request, self.failure or "the warm process has ended")

    def _last_words(self) -> str:
        self._errors.seek(0)
        lines = self._errors.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1][:200] if lines else f"it ended with {self._process.returncode}"
