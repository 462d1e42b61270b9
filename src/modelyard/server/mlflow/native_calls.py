"""Calls that are not hot and still ours: what the server can do, its workspaces, the folders of runs and models.

They run in threads; an answer of None means: ask MLflow.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from modelyard.domain.errors import NotFound
from modelyard.kit.paging import Page
from modelyard.server.mlflow.artifacts import ArtifactCalls
from modelyard.server.mlflow.messages import MlflowRequest
from modelyard.store.database import Database
from modelyard.store.rows.mlflow_tables import experiments, logged_models, runs

Document = dict[str, Any]
_INFO: Document = {
    "store_type": "SqlStore",
    "workspaces_enabled": True,
    "trace_archival_enabled": False,
    "multipart_uploads_enabled": False,
    "multipart_downloads_enabled": False,
    "presigned_upload_run_id_supported": False,
    "presigned_upload_model_id_supported": False,
    "features_enabled": {"gateway": False},
}
_MODEL_FOLDER = re.compile(r"/api/2\.0/mlflow/logged-models/(?P<model>[^/]+)/artifacts/directories")
_WORKSPACE = re.compile(r"/api/3\.0/mlflow/workspaces/(?P<name>[^/]+)")


class NativeCalls:
    def __init__(self, database: Database, artifacts: ArtifactCalls) -> None:
        self._database = database
        self._artifacts = artifacts

    def find(self, method: str, path: str) -> Callable[[MlflowRequest], Document | None] | None:
        """The function that answers, or None."""
        if method != "GET":
            return None
        fixed = {
            "/api/3.0/mlflow/server-info": self._server_info,
            "/api/3.0/mlflow/workspaces": self._list_workspaces,
            "/api/2.0/mlflow/artifacts/list": self._list_run,
        }
        if path in fixed:
            return fixed[path]
        if _MODEL_FOLDER.fullmatch(path):
            return self._list_model
        return self._get_workspace if _WORKSPACE.fullmatch(path) else None

    def _server_info(self, _: MlflowRequest) -> Document:
        return _INFO

    def _list_workspaces(self, request: MlflowRequest) -> Document:
        if request.caller.workspace is not None:
            return {"workspaces": [{"name": request.caller.workspace}]}
        with self._database.snapshot() as tx:
            found = tx.workspaces.list(Page(size=1000)).items
        return {"workspaces": [_workspace(item.name, item.description) for item in found]}

    def _get_workspace(self, request: MlflowRequest) -> Document:
        name = request.path.rsplit("/", 1)[-1]
        if request.caller.workspace not in (None, name):
            raise NotFound(f"Workspace '{name}' not found.")
        with self._database.snapshot() as tx:
            found = tx.workspaces.get(name)
        return {"workspace": _workspace(found.name, found.description)}

    def _list_run(self, request: MlflowRequest) -> Document | None:
        arguments = request.arguments()
        run_id = arguments.get("run_id") or arguments.get("run_uuid") or ""
        own = select(runs.c.artifact_uri).join(experiments, experiments.c.experiment_id == runs.c.experiment_id)
        return self._list(own.where(runs.c.run_uuid == run_id), request, arguments.get("path", ""))

    def _list_model(self, request: MlflowRequest) -> Document | None:
        found = _MODEL_FOLDER.fullmatch(request.path)
        assert found is not None
        columns = select(logged_models.c.artifact_location)
        own = columns.join(experiments, experiments.c.experiment_id == logged_models.c.experiment_id)
        alive = own.where(logged_models.c.model_id == found["model"], logged_models.c.lifecycle_stage == "active")
        return self._list(alive, request, request.arguments().get("artifact_directory_path", ""))

    def _list(self, statement: Any, request: MlflowRequest, folder: str) -> Document | None:
        with self._database.snapshot() as tx:
            root = tx.connection.execute(statement.where(experiments.c.workspace == request.workspace)).scalar()
        if root is None:
            return None
        files = self._artifacts.list_below(request.workspace, root, folder)
        return {"root_uri": root} | ({"files": files} if files else {})


def _workspace(name: str, description: str | None) -> Document:
    return {"name": name} | ({"description": description} if description else {})
