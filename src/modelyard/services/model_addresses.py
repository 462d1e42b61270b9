"""The two addresses of a model's files: ours (`azureml://...`) and the one that an MLflow client downloads from."""

from __future__ import annotations

from modelyard.artifacts.storage import ARTIFACT_DATASTORE
from modelyard.domain.errors import InvalidInput, NotFound
from modelyard.domain.references import (
    AssetRef,
    DatastoreUri,
    JobOutputUri,
    LocalPath,
    ModelUri,
    RegistryRef,
    RunUri,
    parse_reference,
)
from modelyard.services.job_entities import artifact_run_id, outputs_of
from modelyard.services.run_files import run_file_path
from modelyard.store.transaction import Transaction

SERVED = "mlflow-artifacts:/"
# Any datastore's files are served below this path; the artifact datastore's also at the root.
DATASTORES = "datastores/"
_MOST_ADDRESS = 500


def download_uri(tx: Transaction, workspace: str, path: str, *, field: str = "path") -> str:
    """What an MLflow client resolves `path` to. InvalidInput for what is no place of files that others can read."""
    found = _served(_datastore_uri(tx, workspace, path, field))
    if len(found) > _MOST_ADDRESS:
        raise InvalidInput(f"The address of the files is longer than {_MOST_ADDRESS} characters.", field=field)
    return found


def source_job(tx: Transaction, workspace: str, path: str) -> str | None:
    """The job of this workspace that wrote the files, where the address says so."""
    parsed = parse_reference(path)
    if isinstance(parsed, JobOutputUri):
        return tx.jobs.get(workspace, parsed.job).name
    if isinstance(parsed, RunUri):
        return job_of_run(tx, workspace, parsed.run_id)
    return None


def job_of_run(tx: Transaction, workspace: str, run_id: str) -> str | None:
    """The job whose run it is, if it is one's."""
    job = tx.jobs.by_run_id(run_id)
    return job.name if job is not None and job.workspace == workspace else None


def own_uri(address: str) -> str:
    """Our address of files that an MLflow client registered; other storage stays as it is."""
    if not address.startswith(SERVED):
        return address
    path = address.removeprefix(SERVED).lstrip("/")
    if path.startswith(DATASTORES):
        datastore, _, below = path.removeprefix(DATASTORES).partition("/paths/")
        return str(DatastoreUri(datastore, below))
    return str(DatastoreUri(ARTIFACT_DATASTORE, path))


def _served(place: DatastoreUri | str) -> str:
    if isinstance(place, str):
        return place
    if place.datastore == ARTIFACT_DATASTORE:
        return f"{SERVED}{place.path}"
    return f"{SERVED}{DATASTORES}{place.datastore}/paths/{place.path}"


def _datastore_uri(tx: Transaction, workspace: str, path: str, field: str, hops: int = 0) -> DatastoreUri | str:
    parsed = parse_reference(path, field=field)
    match parsed:
        case DatastoreUri():
            if parsed.workspace not in (None, workspace):
                raise InvalidInput(f"'{path[:200]}' is in another workspace than '{workspace}'.", field=field)
            tx.datastores.get(workspace, parsed.datastore)
            return parsed
        case RunUri():
            return DatastoreUri(ARTIFACT_DATASTORE, run_file_path(tx, parsed.run_id, parsed.path))
        case JobOutputUri():
            return _job_output(tx, workspace, parsed, field, hops)
        case LocalPath():
            raise InvalidInput(
                f"'{path[:200]}' is a path on somebody's machine.",
                field=field,
                mend="upload it first (the CLI and the SDK do), or name a datastore",
            )
        case AssetRef() | ModelUri() | RegistryRef():
            raise InvalidInput(f"'{path[:200]}' is an asset, not files.", field=field, mend="name the files")
    return path


def _job_output(tx: Transaction, workspace: str, uri: JobOutputUri, field: str, hops: int) -> DatastoreUri | str:
    job = tx.jobs.get(workspace, uri.job)
    if uri.run_artifacts:
        return DatastoreUri(ARTIFACT_DATASTORE, run_file_path(tx, artifact_run_id(job, uri.path), uri.path))
    base = (outputs_of(job).get(uri.output) or {}).get("path")
    if not base or hops > 2:
        raise NotFound(f"Job '{job.name}' has no output '{uri.output}' with a place.", field=field)
    found = _datastore_uri(tx, workspace, str(base), field, hops + 1)
    if isinstance(found, str):
        return f"{found.rstrip('/')}/{uri.path}".rstrip("/")
    return DatastoreUri(found.datastore, f"{found.path.rstrip('/')}/{uri.path}".rstrip("/"))
