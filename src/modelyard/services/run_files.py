"""Where the files of a run lie in its workspace's artifact datastore."""

from __future__ import annotations

from modelyard.artifacts.storage import run_folder
from modelyard.store.repositories.runs import SERVED_ROOT
from modelyard.store.transaction import Transaction


def run_file_path(tx: Transaction, run_id: str, path: str = "") -> str:
    """The path of `path` of a run. MLflow 3 keeps a model that a run logged apart from the run; its name leads there.

    The path need not exist, nor need the run.
    """
    name, _, below = path.partition("/")
    model = _served_path(tx.runs.logged_model_uri(run_id, name)) if name else None
    if model is not None:
        return f"{model}/{below}".rstrip("/")
    folder = _served_path(tx.runs.artifact_uri(run_id)) or run_folder(run_id)
    return f"{folder}/{path}".rstrip("/")


def _served_path(uri: str | None) -> str | None:
    """The path behind an address that the server serves; None for any other."""
    return uri.removeprefix(SERVED_ROOT).strip("/") if uri and uri.startswith(SERVED_ROOT) else None
