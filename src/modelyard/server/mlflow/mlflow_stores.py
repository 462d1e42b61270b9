"""MLflow's own stores on our database, bound to the workspace of each request. Importing this imports mlflow."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fastapi import FastAPI
from mlflow.server import app as flask_app
from mlflow.server import handlers
from mlflow.server.otel_api import otel_router
from mlflow.store.model_registry import sqlalchemy_store as registry_module
from mlflow.store.model_registry.sqlalchemy_workspace_store import (
    WorkspaceAwareSqlAlchemyStore as WorkspaceRegistryStore,
)
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore, SqlRun
from mlflow.store.tracking.sqlalchemy_workspace_store import WorkspaceAwareSqlAlchemyStore
from mlflow.utils import workspace_context

from modelyard.store.tracking.run_writes import SERVED_ROOT, artifact_uri

# Spans by OpenTelemetry's protocol: the one part of MLflow's server that is not in its WSGI application.
otlp_app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
otlp_app.include_router(otel_router)


class _TrackingStore(WorkspaceAwareSqlAlchemyStore):  # type: ignore[misc]
    """MLflow's store, always with workspaces, whose runs keep their files where ours do."""

    @classmethod
    def _workspaces_enabled(cls) -> bool:
        return True

    def _initialize_store_state(self) -> None:
        """The default experiment came with the tables."""

    def _get_artifact_location(self, experiment_id: int, workspace: str | None = None) -> str:
        return f"{SERVED_ROOT}{experiment_id}"

    def create_experiment(self, name: str, artifact_location: str | None = None, tags: Any = None) -> Any:
        return SqlAlchemyStore.create_experiment(self, name, artifact_location, tags)

    def create_run(self, experiment_id: Any, user_id: Any, start_time: Any, tags: Any, run_name: Any) -> Any:
        run = super().create_run(experiment_id, user_id, start_time, tags, run_name)
        if run.info.artifact_uri.startswith(SERVED_ROOT):
            uri = artifact_uri(SERVED_ROOT, run.info.run_id)
            with self.ManagedSessionMaker(read_only=False) as session:
                session.query(SqlRun).filter(SqlRun.run_uuid == run.info.run_id).update({"artifact_uri": uri})
            return self.get_run(run.info.run_id)
        return run

    def resolve_trace_archival_config(self, **defaults: Any) -> Any:
        return SqlAlchemyStore.resolve_trace_archival_config(self, **defaults)


class _RegistryStore(WorkspaceRegistryStore):  # type: ignore[misc]
    @classmethod
    def _workspaces_enabled(cls) -> bool:
        return True


class _SameProcessClient:
    """What MLflow's registry uses to look a logged model up: by itself it would open a store of its own."""

    def get_logged_model(self, model_id: str) -> Any:
        return handlers._get_tracking_store().get_logged_model(model_id)


def make_app(database_url: str) -> Any:
    """MLflow's application over `database_url`. Its stores are kept in module variables: one database a process."""
    handlers._tracking_store = _TrackingStore(database_url, SERVED_ROOT)
    handlers._model_registry_store = _RegistryStore(database_url)
    registry_module.MlflowClient = _SameProcessClient
    # MLflow's search asks its own login about experiments, and would load a second server for that: there is none.
    sys.modules.setdefault("mlflow.server.auth", None)  # type: ignore[arg-type]
    flask_app.config["PROPAGATE_EXCEPTIONS"] = True
    return flask_app


@contextmanager
def workspace_bound(workspace: str) -> Iterator[None]:
    """Within, MLflow's stores see this workspace alone. Set directly: MLflow's setter refuses names that we allow."""
    resolved = workspace_context._IS_WORKSPACE_RESOLVED.set(True)
    bound = workspace_context._WORKSPACE.set(workspace)
    try:
        yield
    finally:
        workspace_context._WORKSPACE.reset(bound)
        workspace_context._IS_WORKSPACE_RESOLVED.reset(resolved)
