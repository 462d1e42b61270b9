"""The token for plain mlflow, so that `mlflow.set_tracking_uri(workspace.mlflow_tracking_uri)` is enough.

MLflow finds this by the entry point `mlflow.request_header_provider` and asks it before each request.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from modelyard.client.connection import find_connection
from modelyard.domain.errors import ModelyardError

# With one of these the user has said who calls.
_OWN_CREDENTIALS = ("MLFLOW_TRACKING_TOKEN", "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_AUTH")


def _uris_in_use() -> list[str]:
    """Where MLflow sends its requests now. MLflow is loaded, for it is MLflow who asks."""
    mlflow = sys.modules.get("mlflow")
    return [str(mlflow.get_tracking_uri()), str(mlflow.get_registry_uri())] if mlflow is not None else []


class TokenProvider:
    """Speaks up only when tracking and registry are both the server in use: the token goes nowhere else."""

    def __init__(self, uris: Callable[[], list[str]] = _uris_in_use) -> None:
        self._uris = uris

    def in_context(self) -> bool:
        return not any(os.environ.get(name) for name in _OWN_CREDENTIALS) and self._token() is not None

    def request_headers(self) -> dict[str, str]:
        token = self._token()
        return {"Authorization": f"Bearer {token}"} if token else {}

    def _token(self) -> str | None:
        uris = self._uris()
        if not uris or not all(uri.startswith(("http://", "https://")) for uri in uris):
            return None
        try:
            connection = find_connection()
        except ModelyardError:
            return None
        own = all(uri == connection.server_url or uri.startswith(f"{connection.server_url}/") for uri in uris)
        return connection.token if own else None
