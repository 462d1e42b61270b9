"""A whole server in this process for each module; modules use names of their own in it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest
import uvicorn
from fastapi.testclient import TestClient

from modelyard.server.app import create_app
from modelyard.server.settings import Settings
from modelyard.server.state import AppState
from modelyard.store.records import TokenKind


@dataclass(frozen=True)
class Yard:
    """`client` carries the admin token."""

    client: TestClient
    state: AppState

    def token(self, role: str, *, workspace: str | None = None, job: str | None = None) -> str:
        kind = TokenKind.JOB if job else TokenKind.USER
        with self.state.database.transaction() as tx:
            name = job or "test"
            _, secret = tx.tokens.create(kind, name, actor=name, role=role, workspace=workspace, job_name=job)
        return secret

    def as_role(self, role: str, *, workspace: str | None = None, job: str | None = None) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(role, workspace=workspace, job=job)}"}


@pytest.fixture(scope="module")
def yard(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    """On SQLite and on PostgreSQL: they refuse different things."""
    settings = Settings(
        home=tmp_path_factory.mktemp("home"),
        database_url=module_database_url,
        run_controllers=False,
        run_gateway=False,
        max_body_bytes=1 << 20,
    )
    app = create_app(settings)
    with TestClient(app, raise_server_exceptions=False) as client:
        token = (settings.home / "admin-token").read_text().strip()
        client.headers["Authorization"] = f"Bearer {token}"
        yield Yard(client, app.state.yard)


@pytest.fixture(scope="module")
def client(yard: Yard) -> TestClient:
    return yard.client


@dataclass(frozen=True)
class LiveServer:
    """A server on a real socket, for what needs one: streams, clients that die."""

    url: str
    token: str
    state: AppState

    def http(self) -> httpx.Client:
        return httpx.Client(
            base_url=self.url, headers={"Authorization": f"Bearer {self.token}"}, timeout=20, trust_env=False
        )


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    settings = Settings(home=tmp_path_factory.mktemp("live"), run_controllers=False, run_gateway=False)
    state = AppState.open(settings)
    config = uvicorn.Config(create_app(settings, state), port=0, log_config=None, timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    token = (settings.home / "admin-token").read_text().strip()
    yield LiveServer(f"http://127.0.0.1:{port}", token, state)
    state.end_streams()
    server.should_exit = True
    thread.join()
