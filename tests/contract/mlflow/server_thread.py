"""A real server for the MLflow client: our application behind uvicorn, in a thread of the test's process."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from modelyard.server.app import create_app
from modelyard.server.settings import Settings
from modelyard.server.state import AppState


@dataclass(frozen=True)
class RunningServer:
    url: str
    token: str
    state: AppState


@contextmanager
def running_server(home: Path, database_url: str, **options: object) -> Iterator[RunningServer]:
    """The server without controllers and gateway; it has stopped when the block ends."""
    settings = Settings(
        home=home,
        database_url=database_url,
        run_controllers=False,
        run_gateway=False,
        **options,  # type: ignore[arg-type]
    )
    state = AppState.open(settings)
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(create_app(settings, state), log_config=None, access_log=False, lifespan="on")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        time.sleep(0.01)
    token = (home / "admin-token").read_text().strip()
    try:
        yield RunningServer(f"http://127.0.0.1:{listener.getsockname()[1]}", token, state)
    finally:
        server.should_exit = True
        thread.join(20)
        listener.close()
