"""Files by address: every form of reference that names stored bytes, as a store and a path in it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from modelyard.artifacts.paths import clean_path
from modelyard.artifacts.storage import ARTIFACT_DATASTORE, Storage, run_folder
from modelyard.domain.errors import InvalidInput, NotFound, Unsupported, did_you_mean
from modelyard.domain.references import (
    AssetRef,
    DatastoreUri,
    JobOutputUri,
    Reference,
    RunUri,
    parse_reference,
)
from modelyard.kit.paging import MalformedToken, Page, PageOf, decode_token, encode_token
from modelyard.ports.artifact_store import ArtifactStore, FileStat
from modelyard.services.job_entities import artifact_run_id, outputs_of
from modelyard.services.run_files import run_file_path
from modelyard.store.records import AssetKind
from modelyard.store.transaction import Transaction

# An asset's path may be a job's output, whose path is a datastore's: no longer chains are made.
_MAX_HOPS = 3


@dataclass(frozen=True, slots=True)
class Location:
    """Where bytes lie. `path` may name a file or a folder, and need not exist yet."""

    store: ArtifactStore
    path: str
    uri: str

    def local_path(self) -> Path | None:
        """The place on this machine's file system; None for a remote store."""
        return self.store.local_path(self.path)

    def is_file(self) -> bool:
        if not self.path:
            return False
        try:
            self.store.stat(self.path)
        except NotFound:
            return False
        return True


def locate(tx: Transaction, storage: Storage, workspace: str, text: str, *, field: str = "uri") -> Location:
    """The place that a reference names in `workspace`.

    Datastore URIs in every form, run artifacts, job outputs, `runs:/`, and assets by reference (the place of their
    files). Addresses outside the platform are Unsupported here: they are read by the job that uses them.
    """
    return _locate(tx, storage, workspace, parse_reference(text, field=field), field, hops=0)


def files_below(location: Location, page: Page) -> PageOf[FileStat]:
    """Files of a folder by path relative to it, or the one file itself under its name; NotFound when neither is."""
    if location.is_file():
        stat = location.store.stat(location.path)
        return PageOf([replace(stat, path=location.path.rsplit("/", 1)[-1])])
    prefix = f"{location.path}/" if location.path else ""
    after = _after(page.token)
    found = list(islice(location.store.list(location.path, after=prefix + after if after else None), page.size + 1))
    if not found and not after:
        raise NotFound(f"There are no files at '{location.uri}'.", field="uri")
    shown = [replace(stat, path=stat.path.removeprefix(prefix)) for stat in found[: page.size]]
    return PageOf(shown, encode_token([shown[-1].path]) if len(found) > page.size else None)


def require_files_of_job(tx: Transaction, storage: Storage, workspace: str, text: str, *, field: str = "path") -> None:
    """InvalidInput when `text` names what a job or run should have left, and nothing is there."""
    if not isinstance(parse_reference(text, field=field), JobOutputUri | RunUri):
        return
    location = locate(tx, storage, workspace, text, field=field)
    if not location.is_file() and not any(location.store.list(location.path)):
        raise InvalidInput(
            f"There are no files at '{text[:200]}'.",
            field=field,
            mend="look at what the job left: `modelyard job download -n NAME --all`",
        )


def run_artifact_uri(run_id: str, path: str = "") -> str:
    """The address of a run's artifact folder, or of a path in it."""
    folder = run_folder(run_id)
    return str(DatastoreUri(ARTIFACT_DATASTORE, f"{folder}/{path}" if path else folder))


def open_datastore(tx: Transaction, storage: Storage, workspace: str, name: str) -> ArtifactStore:
    """The store of a datastore; NotFound, with those there are, for an unknown one."""
    record = tx.datastores.get(workspace, name)
    credentials = tx.datastores.credentials(workspace, name) if record.has_credentials else {}
    return storage.open(workspace, name, record.spec, credentials)


def _locate(
    tx: Transaction, storage: Storage, workspace: str, reference: Reference, field: str, *, hops: int
) -> Location:
    uri = str(reference)
    match reference:
        case DatastoreUri():
            _require_own(reference.workspace, workspace, field)
            store = open_datastore(tx, storage, workspace, reference.datastore)
            return Location(store, clean_path(reference.path, field=field), uri)
        case RunUri():
            path = run_file_path(tx, reference.run_id, reference.path)
            return Location(storage.run_artifacts(workspace), clean_path(path, field=field), uri)
        case JobOutputUri():
            return _job_output(tx, storage, workspace, reference, field, hops)
        case AssetRef() if hops < _MAX_HOPS:
            _require_own(reference.workspace, workspace, field)
            path = _asset_path(tx, workspace, reference, field)
            return _locate(tx, storage, workspace, parse_reference(path, field=field), field, hops=hops + 1)
    raise Unsupported(
        f"Files at '{uri[:200]}' are not read through the server.",
        field=field,
        mend="use an azureml://datastores/... address, or an asset or job of this workspace",
    )


def _job_output(
    tx: Transaction, storage: Storage, workspace: str, reference: JobOutputUri, field: str, hops: int
) -> Location:
    job = tx.jobs.get(workspace, reference.job)
    if reference.run_artifacts:
        of_run = RunUri(artifact_run_id(job, reference.path), reference.path)
        return _locate(tx, storage, workspace, of_run, field, hops=hops + 1)
    outputs = outputs_of(job)
    if reference.output not in outputs:
        mend = did_you_mean(reference.output, outputs) or f"its outputs: {', '.join(sorted(outputs)) or 'none'}"
        raise NotFound(f"Job '{job.name}' has no output '{reference.output}'.", field=field, mend=mend)
    path = str(outputs[reference.output].get("path") or "")
    if not path or hops >= _MAX_HOPS:
        raise NotFound(f"The output '{reference.output}' of job '{job.name}' has no place yet.", field=field)
    base = _locate(tx, storage, workspace, parse_reference(path, field=field), field, hops=hops + 1)
    return replace(base, path=clean_path(f"{base.path}/{reference.path}", field=field), uri=str(reference))


def _asset_path(tx: Transaction, workspace: str, reference: AssetRef, field: str) -> str:
    if reference.kind not in ("data", "code"):
        raise Unsupported(f"'{reference}' does not name files.", field=field, mend="name data, code or a URI")
    kind, name = AssetKind(reference.kind), reference.name
    if reference.version is not None:
        record = tx.assets.get(workspace, kind, name, reference.version)
    else:
        record = tx.assets.by_label(workspace, kind, name, reference.label or "latest")
    return str(record.spec.get("path") or "")


def _require_own(named: str | None, workspace: str, field: str) -> None:
    if named not in (None, workspace):
        raise InvalidInput(
            f"The address is of the workspace '{named}', not of '{workspace}'.",
            field=field,
            mend=f"ask for it in the workspace '{named}'",
        )


def _after(token: str | None) -> str:
    if token is None:
        return ""
    try:
        return clean_path(str(decode_token(token, 1)[0]), field="page_token")
    except MalformedToken as error:
        raise InvalidInput(f"{error}.", field="page_token", mend="start again without a page token") from error
