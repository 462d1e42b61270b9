"""The storage of one installation: blobs, the default datastores of every workspace, and attached ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from modelyard.artifacts.content_store import ContentStore
from modelyard.artifacts.local_store import LocalStore
from modelyard.artifacts.object_store import ObjectStore
from modelyard.domain.errors import InvalidInput, Unsupported
from modelyard.ports.artifact_store import ArtifactStore

BLOB_DATASTORE = "workspaceblobstore"
ARTIFACT_DATASTORE = "workspaceartifactstore"
DEFAULT_DATASTORES = (BLOB_DATASTORE, ARTIFACT_DATASTORE, "workspacefilestore", "workspaceworkingdirectory")
_DEFAULT_MAX_BLOB_BYTES = 1 << 40


class Storage:
    """Opens stores. Without `storage_url` everything lies below `home`; else blobs and default datastores are there.

    Uploads on their way always lie on this machine, in `<home>/partial`.
    """

    def __init__(
        self, home: Path, storage_url: str | None = None, *, max_blob_bytes: int = _DEFAULT_MAX_BLOB_BYTES
    ) -> None:
        self._home = home
        self._remote = ObjectStore.from_url(storage_url) if storage_url and "://" in storage_url else None
        self._root = Path(storage_url) if storage_url and self._remote is None else home / "storage"
        blobs: ArtifactStore = self._remote.below("cas") if self._remote else LocalStore(home / "cas")
        self.content = ContentStore(blobs, home / "partial", max_blob_bytes=max_blob_bytes)

    def managed(self, workspace: str, datastore: str) -> ArtifactStore:
        """The store of a default datastore."""
        if self._remote is not None:
            return self._remote.below(f"storage/{workspace}/{datastore}")
        return LocalStore(self._root / workspace / datastore)

    def run_artifacts(self, workspace: str) -> ArtifactStore:
        """The store of run artifacts: a run's files are below `run_folder(run_id)`."""
        return self.managed(workspace, ARTIFACT_DATASTORE)

    def sweep(self) -> int:
        """Put away abandoned uploads and what killed writers left; how many. For now and then, not for each call."""
        return self.content.sweep() + (LocalStore(self._root).sweep() if self._remote is None else 0)

    def open(
        self, workspace: str, name: str, spec: Mapping[str, Any], credentials: Mapping[str, str] | None = None
    ) -> ArtifactStore:
        """The store of any datastore, by its stored spec; Unsupported for a kind that cannot be read here."""
        if name in DEFAULT_DATASTORES:
            return self.managed(workspace, name)
        kind = str(spec.get("type", ""))
        attach = _ATTACHED.get(kind)
        if attach is None:
            raise Unsupported(
                f"Files of the datastore '{name}' (type '{kind}') cannot be read here.",
                field="type",
                mend=f"use one of {', '.join(sorted(_ATTACHED))}",
            )
        return attach(spec, dict(credentials or {}))


def run_folder(run_id: str) -> str:
    """Where the artifacts of a run lie in the artifact datastore."""
    return f"ExperimentRun/dcid.{run_id}"


def _local_folder(spec: Mapping[str, Any], _: Mapping[str, str]) -> ArtifactStore:
    path = Path(str(spec["path"])).expanduser()
    if not path.is_absolute():
        raise InvalidInput(f"The folder '{path}' is not absolute.", field="path")
    return LocalStore(path)


def _object_url(spec: Mapping[str, Any], credentials: Mapping[str, str]) -> ArtifactStore:
    return ObjectStore.from_url(str(spec["url"]), _options(spec, credentials))


def _s3(spec: Mapping[str, Any], credentials: Mapping[str, str]) -> ArtifactStore:
    return ObjectStore.from_url(_bucket_url("s3", spec), _options(spec, credentials))


def _google(spec: Mapping[str, Any], credentials: Mapping[str, str]) -> ArtifactStore:
    return ObjectStore.from_url(_bucket_url("gs", spec), _options(spec, credentials))


def _azure_blob(spec: Mapping[str, Any], credentials: Mapping[str, str]) -> ArtifactStore:
    options = {"account_name": str(spec["account_name"])} | _options(spec, credentials)
    return ObjectStore.from_url(f"az://{spec['container_name']}", options)


def _azure_gen2(spec: Mapping[str, Any], credentials: Mapping[str, str]) -> ArtifactStore:
    options = {"account_name": str(spec["account_name"])} | _options({}, credentials)
    return ObjectStore.from_url(f"az://{spec['filesystem']}", options)


_ATTACHED: Mapping[str, Callable[[Mapping[str, Any], Mapping[str, str]], ArtifactStore]] = {
    "local_folder": _local_folder,
    "object": _object_url,
    "s3": _s3,
    "google": _google,
    "azure_blob": _azure_blob,
    "azure_data_lake_gen2": _azure_gen2,
}

# Our names of credentials that the object store library knows by another name.
_OPTION_NAMES = {"sas_token": "sas_key", "service_account_key": "service_account_key"}


def _bucket_url(scheme: str, spec: Mapping[str, Any]) -> str:
    prefix = str(spec.get("prefix") or "").strip("/")
    return f"{scheme}://{spec['bucket']}/{prefix}" if prefix else f"{scheme}://{spec['bucket']}"


def _options(spec: Mapping[str, Any], credentials: Mapping[str, str]) -> dict[str, str]:
    options = {_OPTION_NAMES.get(name, name): value for name, value in credentials.items() if value}
    options |= {name: str(spec[name]) for name in ("endpoint", "region") if spec.get(name)}
    return options
