"""The server as a process: listen, announce itself in server.json, stop gracefully."""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import uvicorn

from modelyard.domain.errors import Conflict, InvalidInput
from modelyard.kit.process import process_start
from modelyard.kit.version import VERSION
from modelyard.server.app import create_app
from modelyard.server.log import configure_log
from modelyard.server.settings import Settings
from modelyard.server.state import AppState

SERVER_FILE = "server.json"
_GRACE_SECONDS = 5


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT. Conflict when the port or the home is taken.

    The port is taken before the state is opened, so that a client that connects early waits instead of failing.
    """
    with _listen(settings.host, settings.port) as listener:
        bound = settings.model_copy(update={"port": listener.getsockname()[1]})
        state = AppState.open(bound)
        configure_log(state.home)
        server = _Server(_configuration(bound, state), state)
        # uvicorn raises the signal again once it has stopped; by then the work is done and the exit is clean.
        signal.signal(signal.SIGTERM, _ignore)
        signal.signal(signal.SIGINT, _ignore)
        # What the start made stays for good: the collector need not walk through it again and again.
        gc.freeze()
        gc.enable()
        with _announced(state.home, bound):
            server.run(sockets=[listener])


class _Server(uvicorn.Server):
    """Ends the event streams at the first signal, so that they do not hold the stop up."""

    def __init__(self, config: uvicorn.Config, state: AppState) -> None:
        super().__init__(config)
        self._state = state

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._state.end_streams()
        super().handle_exit(sig, frame)


def _configuration(settings: Settings, state: AppState) -> uvicorn.Config:
    return uvicorn.Config(
        create_app(settings, state),
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="on",
        timeout_graceful_shutdown=_GRACE_SECONDS,
        timeout_keep_alive=75,
    )


def _listen(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(1024)
    except socket.gaierror as error:
        listener.close()
        raise InvalidInput(f"The host '{host}' is not known here.", field="MODELYARD_HOST") from error
    except OSError as error:
        listener.close()
        raise Conflict(
            f"The address {host}:{port} cannot be taken: {error.strerror}.",
            field="MODELYARD_PORT",
            mend="stop what listens there, or set MODELYARD_PORT",
        ) from error
    return listener


@contextmanager
def _announced(home: Path, settings: Settings) -> Iterator[None]:
    """server.json tells clients of this machine where to go, and which process to stop."""
    own = {"pid": os.getpid(), "pid_start": process_start(os.getpid())}
    body = own | {"url": settings.public_url, "gateway_url": settings.gateway_url, "version": VERSION}
    path = home / SERVER_FILE
    temporary = path.with_suffix(f".{os.getpid()}")
    temporary.write_text(json.dumps(body))
    temporary.replace(path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def _ignore(_: int, __: FrameType | None) -> None:
    return
