"""What is in an asset: whether a server can reach it, and its hash."""

from __future__ import annotations

import hashlib
import json
import re

from modelyard.domain.asset import Asset
from modelyard.domain.environment import Environment
from modelyard.domain.errors import InvalidInput
from modelyard.domain.references import AssetRef, DatastoreUri, LocalPath, ModelUri, parse_reference
from modelyard.services.stored import spec_of
from modelyard.store.transaction import Transaction

# Where content-addressed uploads lie: the address has the hash of the files.
_UPLOAD = re.compile(r"/LocalUpload/(?P<hash>[0-9a-f]{32,64})(/|$)")


def check_content(tx: Transaction, workspace: str, entity: Asset) -> None:
    """InvalidInput unless the server can reach what `entity` points at; NotFound for an unknown datastore."""
    if isinstance(entity, Environment):
        _check_environment(tx, workspace, entity)
        return
    path = getattr(entity, "path", None)
    if not path:
        raise InvalidInput("There is nothing at no path.", field="path", mend="name a file, a folder or a URI")
    check_uri(tx, workspace, path, field="path")


def check_uri(tx: Transaction, workspace: str, uri: str, *, field: str) -> None:
    """InvalidInput for what is no address of files; NotFound for a datastore that is not there."""
    parsed = parse_reference(uri, field=field)
    if isinstance(parsed, LocalPath):
        raise InvalidInput(
            f"'{uri[:200]}' is a path on somebody's machine.",
            field=field,
            mend="upload it first (the CLI and the SDK do), or name a datastore: azureml://datastores/<name>/paths/...",
        )
    if isinstance(parsed, AssetRef | ModelUri):
        raise InvalidInput(f"'{uri[:200]}' is an asset, not files.", field=field, mend="name the files it points at")
    if isinstance(parsed, DatastoreUri):
        if parsed.workspace not in (None, workspace):
            raise InvalidInput(f"'{uri[:200]}' is in another workspace than '{workspace}'.", field=field)
        tx.datastores.get(workspace, parsed.datastore)


def is_upload(uri: str) -> bool:
    """Whether the address is that of a content-addressed upload, which never changes."""
    found = _UPLOAD.search(uri)
    return found is not None and len(found["hash"]) == 64 and isinstance(parse_reference(uri), DatastoreUri)


def content_hash(entity: Asset) -> str:
    """SHA-256 in hex: of the files where their address has it, else of the spec, keys in order."""
    path = getattr(entity, "path", None)
    uploaded = _UPLOAD.search(path) if isinstance(path, str) else None
    if uploaded is not None and len(uploaded["hash"]) == 64:
        return uploaded["hash"]
    spec = json.dumps(spec_of(entity), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(spec.encode()).hexdigest()


def _check_environment(tx: Transaction, workspace: str, entity: Environment) -> None:
    if not (entity.image or entity.conda_file or entity.build):
        raise InvalidInput("An environment needs an image, a conda file or a build context.", field="image")
    if isinstance(entity.conda_file, str):
        check_uri(tx, workspace, entity.conda_file, field="conda_file")
    if entity.build is not None:
        if not entity.build.path:
            raise InvalidInput("A build context needs a path.", field="build.path")
        check_uri(tx, workspace, entity.build.path, field="build.path")
