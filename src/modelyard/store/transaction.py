"""One transaction and the repositories that work in it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import datetime
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import Connection

from modelyard.domain.errors import Unavailable
from modelyard.domain.events import Event
from modelyard.store.repositories.assets import AssetRepository
from modelyard.store.repositories.computes import ComputeRepository
from modelyard.store.repositories.datastores import DatastoreRepository
from modelyard.store.repositories.deployments import DeploymentRepository
from modelyard.store.repositories.endpoints import EndpointRepository
from modelyard.store.repositories.events import EventRepository
from modelyard.store.repositories.instances import InstanceRepository
from modelyard.store.repositories.jobs import JobRepository
from modelyard.store.repositories.lineage import LineageRepository
from modelyard.store.repositories.models import ModelRepository
from modelyard.store.repositories.pipeline_nodes import PipelineNodeRepository
from modelyard.store.repositories.runs import RunRepository
from modelyard.store.repositories.schedules import ScheduleRepository
from modelyard.store.repositories.subscriptions import SubscriptionRepository
from modelyard.store.repositories.tokens import TokenRepository
from modelyard.store.repositories.trials import TrialRepository
from modelyard.store.repositories.workspaces import WorkspaceRepository
from modelyard.store.secrets import SecretBox

if TYPE_CHECKING:
    from modelyard.store.database import Database

_log = logging.getLogger(__name__)


class Transaction:
    """A context manager: commits on a clean exit, rolls back on an error. Belongs to one thread at a time.

    Events are written at the very end, so that the order of their ids is the order of the commits.
    """

    def __init__(self, database: Database, *, actor: str, read_only: bool) -> None:
        self._database = database
        self.actor = actor
        self.read_only = read_only
        self._connection: Connection | None = None
        self._open = ExitStack()
        self._after_commit: list[Callable[[], None]] = []

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            if not self.read_only:
                stack.enter_context(self._database.turn())
            engines = self._database.engines
            self._connection = (engines.read if self.read_only else engines.write).connect()
            stack.callback(self._close)
            self._connection.begin()
            self._open = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        wrote_events = False
        with self._open:  # closes the connection and ends the turn, also when the commit fails
            if error is None and not self.read_only:
                wrote_events = self.events.flush()
                self.connection.commit()
        if error is not None:
            return
        if wrote_events:
            self._database.notify()
        for callback in self._after_commit:
            try:
                callback()
            except Exception:  # the commit stands, whatever a callback does
                _log.exception("a callback after a commit failed")

    @property
    def connection(self) -> Connection:
        """The SQLAlchemy Core connection, begun: for repositories alone."""
        if self._connection is None:
            raise RuntimeError("the transaction is not open")
        return self._connection

    @cached_property
    def now(self) -> datetime:
        """The moment of this transaction: everything it writes carries the same one."""
        return self._database.clock.now()

    @property
    def sqlite(self) -> bool:
        return self._database.sqlite

    @property
    def secrets(self) -> SecretBox:
        if self._database.secrets is None:
            raise Unavailable("Secrets cannot be kept: the server has no secret key.")
        return self._database.secrets

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Run `callback` once, after a commit, in the thread that committed; not after a rollback."""
        self._after_commit.append(callback)

    def emit(self, type: str, subject: str, *, workspace: str | None, data: Mapping[str, Any] | None = None) -> None:
        """Append an event by this transaction's actor, at its moment."""
        self.events.append(
            Event(type=type, subject=subject, workspace=workspace, actor=self.actor, time=self.now, data=data or {})
        )

    def _close(self) -> None:
        """Roll back what is open and give the connection back."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    @cached_property
    def workspaces(self) -> WorkspaceRepository:
        return WorkspaceRepository(self)

    @cached_property
    def tokens(self) -> TokenRepository:
        return TokenRepository(self)

    @cached_property
    def assets(self) -> AssetRepository:
        return AssetRepository(self)

    @cached_property
    def datastores(self) -> DatastoreRepository:
        return DatastoreRepository(self)

    @cached_property
    def computes(self) -> ComputeRepository:
        return ComputeRepository(self)

    @cached_property
    def jobs(self) -> JobRepository:
        return JobRepository(self)

    @cached_property
    def endpoints(self) -> EndpointRepository:
        return EndpointRepository(self)

    @cached_property
    def deployments(self) -> DeploymentRepository:
        return DeploymentRepository(self)

    @cached_property
    def instances(self) -> InstanceRepository:
        return InstanceRepository(self)

    @cached_property
    def runs(self) -> RunRepository:
        return RunRepository(self)

    @cached_property
    def models(self) -> ModelRepository:
        return ModelRepository(self)

    @cached_property
    def events(self) -> EventRepository:
        return EventRepository(self)

    @cached_property
    def lineage(self) -> LineageRepository:
        return LineageRepository(self)

    @cached_property
    def trials(self) -> TrialRepository:
        return TrialRepository(self)

    @cached_property
    def schedules(self) -> ScheduleRepository:
        return ScheduleRepository(self)

    @cached_property
    def subscriptions(self) -> SubscriptionRepository:
        return SubscriptionRepository(self)

    @cached_property
    def pipeline_nodes(self) -> PipelineNodeRepository:
        return PipelineNodeRepository(self)
