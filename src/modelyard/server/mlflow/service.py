"""What the MLflow protocol needs from the process, opened at the first call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from modelyard.server.mlflow.artifacts import ArtifactCalls
from modelyard.server.mlflow.cold import ColdCalls
from modelyard.server.mlflow.messages import MlflowRequest
from modelyard.server.mlflow.native_calls import NativeCalls
from modelyard.server.mlflow.registry_notes import RegistryNotes
from modelyard.server.mlflow.tracking_engine import TrackingEngine
from modelyard.server.mlflow.workspace_names import KnownWorkspaces
from modelyard.server.state import AppState

NativeCall = Callable[[MlflowRequest], dict[str, Any] | None]


class MlflowService:
    """Belongs to the event loop that opened it."""

    def __init__(self, state: AppState) -> None:
        self.tokens = state.tokens
        self.max_body_bytes = state.settings.max_body_bytes
        self.engine = TrackingEngine(state.database)
        self.workspaces = KnownWorkspaces()
        self.artifacts = ArtifactCalls(state.database, state.storage, state.settings.max_blob_bytes)
        self.cold = ColdCalls(state.database.engines.write.url.render_as_string(hide_password=False))
        self.notes = RegistryNotes(state.database)
        self._native = NativeCalls(state.database, self.artifacts)

    def native_call(self, request: MlflowRequest) -> NativeCall | None:
        """Our own answer to a call that is not hot, to be run in a thread; None where MLflow answers."""
        return self._native.find(request.method, request.path)

    def close(self) -> None:
        """Let go of connections and threads."""
        self.engine.close()
        self.cold.close()
