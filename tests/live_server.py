"""The real server in a thread of the test process: real sockets, a home of its own."""

from __future__ import annotations

import socket
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import uvicorn

from modelyard.server.app import create_app
from modelyard.server.settings import Settings


@dataclass
class LiveServer:
    """Use as a context manager; answers once it is entered."""

    home: Path
    url: str = ""

    def __enter__(self) -> Self:
        listener = socket.create_server(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        settings = Settings(home=self.home, port=port, run_gateway=False)
        configuration = uvicorn.Config(
            create_app(settings), log_config=None, lifespan="on", timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(configuration)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listener]}, daemon=True)
        self._thread.start()
        end = time.monotonic() + 30
        while not self._server.started and self._thread.is_alive() and time.monotonic() < end:
            time.sleep(0.01)
        assert self._server.started, "the server did not start"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join(15)

    @property
    def token(self) -> str:
        return (self.home / "admin-token").read_text().strip()

    @property
    def environment(self) -> dict[str, str]:
        """What a shell has that talks to this server, with a client home of its own."""
        return {
            "MODELYARD_SERVER_URL": self.url,
            "MODELYARD_TOKEN": self.token,
            "MODELYARD_HOME": str(self.home / "client"),
        }
