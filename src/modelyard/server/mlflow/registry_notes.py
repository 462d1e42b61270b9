"""After MLflow's registry changed something: our own rows, events and lineage follow.

MLflow commits first. A version that it made before we could note it (the process was killed between the two) is
adopted when the registry is used next.
"""

from __future__ import annotations

from typing import Any

import orjson

from modelyard.server.mlflow.messages import MlflowRequest
from modelyard.services import models
from modelyard.store.database import Database
from modelyard.store.transaction import Transaction

_API = "/api/2.0/mlflow/"
_CREATE = f"{_API}model-versions/create"
_NAME = f"{_API}registered-models/create"
_RENAME = f"{_API}registered-models/rename"
# What MLflow did, as the verb of our event.
_VERBS = {
    f"{_API}registered-models/update": "updated",
    f"{_API}registered-models/delete": "deleted",
    f"{_API}registered-models/set-tag": "updated",
    f"{_API}registered-models/delete-tag": "updated",
    f"{_API}model-versions/update": "updated",
    f"{_API}model-versions/transition-stage": "updated",
    f"{_API}model-versions/set-tag": "updated",
    f"{_API}model-versions/delete-tag": "updated",
    f"{_API}model-versions/delete": "deleted",
}
_ALIAS = f"{_API}registered-models/alias"


class RegistryNotes:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._swept = False

    def wants(self, request: MlflowRequest) -> bool:
        """Whether the call changes the registry."""
        path = request.path
        return path in (_CREATE, _NAME, _RENAME) or path in _VERBS or (path == _ALIAS and request.method != "GET")

    def take(self, request: MlflowRequest, answer: bytes) -> None:
        """Note what a successful call changed."""
        with self._database.transaction(actor=request.caller.name) as tx:
            if not self._swept:
                models.adopt_all(tx)
                self._swept = True
            self._note(tx, request, orjson.loads(answer or b"{}"))

    def _note(self, tx: Transaction, request: MlflowRequest, answer: dict[str, Any]) -> None:
        given = request.arguments()
        workspace, name = request.workspace, str(given.get("name", ""))
        if tx.models.is_prompt(workspace, name):
            return
        if request.path == _CREATE:
            made = answer["model_version"]
            models.adopt(tx, workspace, made["name"], int(made["version"]))
            return
        if request.path == _NAME:
            tx.models.adopt_name(workspace, name)
            return
        if request.path == _RENAME:
            tx.models.follow_mlflow(workspace, renamed=(name, str(given["new_name"])))
            tx.models.touched("renamed", workspace, str(given["new_name"]), None)
            return
        version = str(given["version"]) if given.get("version") else None
        if request.path == _ALIAS:
            tx.models.touched("labeled" if request.method == "POST" else "unlabeled", workspace, name, version)
            return
        verb = _VERBS[request.path]
        if verb == "deleted" and not tx.models.follow_mlflow(workspace):
            return
        tx.models.touched(verb, workspace, name, version)
