"""Which workspace a call is about, and which run a job's name means."""

from __future__ import annotations

import re
import time

from modelyard.domain.errors import InvalidInput, NotFound
from modelyard.services.tokens import Caller
from modelyard.store.tracking.connections import TrackingConnection

DEFAULT_WORKSPACE = "default"
_KNOWN_SECONDS = 5.0
_MOST_KNOWN = 10_000
_PREFIX = re.compile(r"/mlflow/(?P<workspace>[^/]+)(?P<rest>/.*)")
_EXISTS = "SELECT 1 FROM yard_workspaces WHERE name = ?"
_RUN_OF_JOB = "SELECT run_id FROM yard_jobs WHERE workspace = ? AND name = ?"


def split_path(path: str) -> tuple[str | None, str]:
    """`/mlflow/<workspace>/api/...` as the workspace and `/api/...`; None for a path without it."""
    found = _PREFIX.fullmatch(path) if path.startswith("/mlflow/") else None
    return (None, path) if found is None else (found["workspace"], found["rest"])


def wanted_workspace(prefix: str | None, header: bytes | None, caller: Caller) -> str:
    """The workspace that a call names by its path or header; else the token's own, else the default one."""
    named = (header or b"").decode("latin-1").strip()
    if prefix is not None and named and prefix != named:
        raise InvalidInput(f"The address names the workspace '{prefix}' and the header '{named}'.")
    return prefix or named or caller.workspace or DEFAULT_WORKSPACE


class KnownWorkspaces:
    """Remembers for some seconds which workspaces exist."""

    def __init__(self) -> None:
        self._seen: dict[str, float] = {}

    def is_fresh(self, name: str) -> bool:
        """Whether `name` was found a moment ago."""
        return self._seen.get(name, 0.0) > time.monotonic()

    def check(self, connection: TrackingConnection, name: str) -> None:
        """NotFound unless there is such a workspace."""
        if not connection.rows(_EXISTS, (name,)):
            raise NotFound(f"Workspace '{name}' not found.")
        if len(self._seen) >= _MOST_KNOWN:
            self._seen.clear()
        self._seen[name] = time.monotonic() + _KNOWN_SECONDS


def run_of_job(connection: TrackingConnection, workspace: str, name: str) -> str | None:
    """The run of a job whose run could not have the job's own name as its id."""
    found = connection.row(_RUN_OF_JOB, (workspace, name))
    return None if found is None or not found[0] else str(found[0])
