"""What one server process holds open: its home, database, storage, tokens and controllers."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Protocol, Self

from modelyard.artifacts.storage import Storage
from modelyard.controllers.deployments import DeploymentController
from modelyard.controllers.housekeeping import Housekeeping
from modelyard.server.event_hub import EventHub
from modelyard.server.gateway_supervisor import GatewaySupervisor
from modelyard.server.home_lock import HomeLock
from modelyard.server.job_runtime import JobRuntime
from modelyard.server.settings import Settings
from modelyard.server.token_cache import TokenCache
from modelyard.services import workspaces
from modelyard.services.tokens import ensure_admin_token, read_admin_token
from modelyard.store.database import Database
from modelyard.store.secrets import KEY_FILE, SecretBox


class Controller(Protocol):
    """A background loop of this process."""

    def start(self) -> None:
        """Begin to work in threads of its own; returns at once."""

    def stop(self) -> object:
        """Finish the step at hand and return; what it works on outlives the process."""


@dataclass(frozen=True)
class AppState:
    """Opened once per process; everything in it may be used from any thread."""

    settings: Settings
    home: Path
    lock: HomeLock
    database: Database
    storage: Storage
    tokens: TokenCache
    hub: EventHub
    job_runtime: JobRuntime
    deployments: DeploymentController
    controllers: list[Controller] = field(default_factory=list)
    stopping: Event = field(default_factory=Event)

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """Take the home, migrate the database, make the admin token and the first workspace.

        Conflict when another server has the home.
        """
        home = settings.resolved_home
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = HomeLock.acquire(home)
        try:
            database = _open_database(settings, home)
        except BaseException:
            lock.release()
            raise
        storage = Storage(home, settings.storage_url, max_blob_bytes=settings.max_blob_bytes)
        runtime = JobRuntime.make(settings, home, database, storage)
        deployments = DeploymentController(database, home, storage, runtime.environments)
        state = cls(
            settings, home, lock, database, storage, TokenCache(database), EventHub(database), runtime, deployments
        )
        if settings.run_controllers:
            housekeeping = Housekeeping(database, chores=[storage.sweep])
            state.controllers.extend([*runtime.controllers, deployments, housekeeping])
        if settings.run_gateway:
            state.controllers.append(GatewaySupervisor(settings, home))
        return state

    def start(self) -> None:
        """Start the controllers; called in the event loop that serves requests."""
        self.hub.start()
        for controller in self.controllers:
            controller.start()

    def endpoints_changed(self) -> None:
        """Endpoints or deployments were asked to change: fits `after_commit`."""
        self.deployments.wake()

    def end_streams(self) -> None:
        """Let the readers of streams go, so that they do not hold a stop up. From any thread."""
        self.stopping.set()
        self.hub.wake()

    def close(self) -> None:
        """Stop the controllers, newest first, and let go of the database and the home."""
        for controller in reversed(self.controllers):
            controller.stop()
        self.database.dispose()
        self.lock.release()


def _open_database(settings: Settings, home: Path) -> Database:
    database = Database(settings.resolved_database_url, secrets=SecretBox.from_file(home / KEY_FILE))
    database.migrate()
    with database.transaction(actor="server") as tx:
        ensure_admin_token(tx, read_admin_token(home))
        workspaces.ensure_default(tx)
    return database
