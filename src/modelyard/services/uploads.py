"""Uploading files: which blobs are wanted, and the tree that they become."""

from __future__ import annotations

from dataclasses import dataclass

from modelyard.artifacts.snapshots import Manifest, materialise, missing_blobs
from modelyard.artifacts.storage import BLOB_DATASTORE, Storage
from modelyard.domain.references import DatastoreUri


@dataclass(frozen=True, slots=True)
class UploadPlan:
    """`missing` are the digests to send; nothing of an unchanged folder."""

    hash: str
    missing: list[str]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A tree that is in the workspace's default datastore. The same content has the same hash and address."""

    hash: str
    uri: str


def plan_upload(storage: Storage, manifest: Manifest) -> UploadPlan:
    """What has to be sent before `create_snapshot` can be called with the same manifest."""
    checked = manifest.checked()
    return UploadPlan(hash=checked.content_hash(), missing=missing_blobs(checked, storage.content))


def create_snapshot(storage: Storage, workspace: str, manifest: Manifest) -> Snapshot:
    """Make the tree from uploaded blobs; Conflict while some are missing, and then nothing is made."""
    checked = manifest.checked()
    path = materialise(checked, storage.content, storage.managed(workspace, BLOB_DATASTORE))
    return Snapshot(hash=checked.content_hash(), uri=str(DatastoreUri(BLOB_DATASTORE, path)))
