"""Both ways to answer a call of the MLflow protocol, on one database: ours and MLflow's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest

from modelyard.domain.permissions import Role
from modelyard.server.mlflow.cold import ColdCalls
from modelyard.server.mlflow.hot.arguments import NotHot, check_spelling
from modelyard.server.mlflow.hot.table import API, HOT_CALLS
from modelyard.server.mlflow.messages import MlflowRequest
from modelyard.services.tokens import Caller
from modelyard.store.database import Database
from modelyard.store.tracking.connections import TrackingConnection, connect

WORKSPACE = "default"
CALLER = Caller(name="ann", role=Role.ADMIN)


class TwoWays:
    """`hot` answers as we do, None where we leave the call to MLflow; `cold` answers as MLflow does."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.connection: TrackingConnection = connect(database.engines.write.url)
        self._cold = ColdCalls(database.engines.write.url.render_as_string(hide_password=False))

    def hot(self, method: str, path: str, arguments: dict[str, Any], workspace: str = WORKSPACE) -> Any:
        call = HOT_CALLS[method, API + path]
        given = _request(method, path, arguments, workspace).arguments(call.repeated)
        try:
            check_spelling(given)
            work = call.plan(workspace, given)
        except (NotHot, ValueError):
            return None
        self.connection.begin()
        try:
            answer = work(self.connection)
        finally:
            self.connection.commit()
        return None if answer is None else orjson.loads(orjson.dumps(answer))

    def cold(
        self, method: str, path: str, arguments: dict[str, Any], workspace: str = WORKSPACE
    ) -> tuple[int, dict[str, Any]]:
        answer = self._cold.call(_request(method, path, arguments, workspace))
        return answer.status, orjson.loads(answer.body)

    def both(self, method: str, path: str, arguments: dict[str, Any]) -> tuple[Any, Any]:
        """Our answer and MLflow's to one reading call, in a form that can be compared."""
        status, theirs = self.cold(method, path, arguments)
        return comparable(self.hot(method, path, arguments)), comparable(theirs) if status == 200 else None

    def new_run(self, **more: Any) -> str:
        answer = self.hot("POST", "runs/create", {"experiment_id": "0", "start_time": 1, "run_name": "r", **more})
        return str(answer["run"]["info"]["run_id"])

    def read_run(self, run_id: str) -> Any:
        return comparable(self.cold("GET", "runs/get", {"run_id": run_id})[1]["run"], without=run_id)

    def close(self) -> None:
        self.connection.close()
        self._cold.close()
        _dispose_mlflow()


@pytest.fixture
def ways(database: Database) -> Iterator[TwoWays]:
    with database.transaction() as tx:
        tx.workspaces.create(WORKSPACE)
        tx.workspaces.create("other")
    opened = TwoWays(database)
    yield opened
    opened.close()


def comparable(value: Any, without: str = "\0") -> Any:
    """Lists of keyed things in the order of their keys, and one run's id out of the way."""
    if isinstance(value, dict):
        return {key: comparable(item, without) for key, item in value.items()}
    if isinstance(value, list):
        items = [comparable(item, without) for item in value]
        keyed = all(isinstance(item, dict) and "key" in item for item in items) and not _is_history(items)
        return sorted(items, key=lambda item: item["key"]) if keyed else items
    return value.replace(without, "<run>") if isinstance(value, str) else value


def _is_history(items: list[Any]) -> bool:
    return len({item["key"] for item in items}) < len(items)


def _request(method: str, path: str, arguments: dict[str, Any], workspace: str) -> MlflowRequest:
    query = urlencode(arguments, doseq=True).encode() if method == "GET" else b""
    body = orjson.dumps(arguments) if method != "GET" else b""
    headers = {b"content-type": b"application/json"}
    return MlflowRequest(method, API + path, query, headers, body, workspace, CALLER)


def _dispose_mlflow() -> None:
    """MLflow keeps its engines for good; the database of a test does not stay."""
    from mlflow.server import handlers
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    for store in (handlers._tracking_store, handlers._model_registry_store):
        if store is not None:
            store.engine.dispose()
    SqlAlchemyStore._engine_map.clear()
