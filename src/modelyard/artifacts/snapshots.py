"""A folder as a list of digests, and the tree it becomes in a datastore."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from modelyard.artifacts.content_store import ContentStore, blob_path
from modelyard.artifacts.local_store import TEMPORARY_PREFIX, LocalStore, remove_tree, translated
from modelyard.artifacts.paths import clean_file_path
from modelyard.domain.errors import Conflict, InvalidInput, NotFound
from modelyard.kit.ids import random_text
from modelyard.ports.artifact_store import ArtifactStore

UPLOAD_FOLDER = "LocalUpload"
MAX_FILES = 200_000
_EXECUTABLE = 0o111
_CLOSED = 0o555


class ManifestFile(BaseModel):
    """One file of a snapshot. Of `mode` only the executable bit is kept."""

    model_config = ConfigDict(extra="forbid")

    path: str
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    size: Annotated[int, Field(ge=0)]
    mode: Annotated[int, Field(ge=0, le=0o7777)] = 0o644

    @property
    def executable(self) -> bool:
        return bool(self.mode & _EXECUTABLE)


class Manifest(BaseModel):
    """The files of a folder, or one file, under the name it had where it came from."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=255)]
    kind: Literal["folder", "file"] = "folder"
    files: Annotated[list[ManifestFile], Field(max_length=MAX_FILES)]

    @property
    def single_file(self) -> bool:
        return self.kind == "file"

    def checked(self) -> Manifest:
        """The same with clean paths in order; InvalidInput for a path that escapes, repeats or collides."""
        name = clean_file_path(self.name, field="name")
        if "/" in name:
            raise InvalidInput(f"The name '{name}' holds a slash.", field="name")
        if self.single_file and len(self.files) != 1:
            raise InvalidInput("A snapshot of one file lists exactly one.", field="files")
        files = [file.model_copy(update={"path": clean_file_path(file.path, field="files")}) for file in self.files]
        files.sort(key=lambda file: file.path)
        _refuse_collisions([file.path for file in files])
        return self.model_copy(update={"name": name, "files": files})

    def content_hash(self) -> str:
        """SHA-256 over paths, digests and executable bits: the same tree has the same hash, whatever its name."""
        facts = [[file.path, file.sha256, file.executable] for file in self.files]
        return hashlib.sha256(json.dumps(facts, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()

    def target(self) -> str:
        """Where the tree lies in its datastore."""
        return f"{UPLOAD_FOLDER}/{self.content_hash()}/{self.name}"


def missing_blobs(manifest: Manifest, content: ContentStore) -> list[str]:
    """The digests to upload, each once, in the manifest's order: not in the store, or there with another size.

    A blob of another size was damaged on the disk; the upload takes its place.
    """
    sizes = {file.sha256: file.size for file in manifest.files}
    return [digest for digest, size in sizes.items() if content.size(digest) != size]


def materialise(manifest: Manifest, content: ContentStore, store: ArtifactStore) -> str:
    """Make the tree of a checked manifest in `store` and return its path; does nothing when it is there.

    On local stores files are hard links to the blobs (copies where linking is refused); the tree appears at once.
    """
    missing = [digest for digest in missing_blobs(manifest, content) if content.size(digest) is None]
    if missing:
        raise Conflict(
            f"{len(missing)} of the files have not been uploaded.",
            field="files",
            mend="upload them first",
            details=[{"missing": digest} for digest in missing[:100]],
        )
    _check_sizes(manifest.files, content)
    target = manifest.target()
    if isinstance(store, LocalStore) and isinstance(content.store, LocalStore):
        _link_tree(manifest, content.store, store)
    else:
        _copy_tree(manifest, content, store)
    return target


def _link_tree(manifest: Manifest, blobs: LocalStore, store: LocalStore) -> None:
    goal = _place(store, manifest.target())
    if _whole(goal, manifest):
        return
    temporary = goal.parent / f"{TEMPORARY_PREFIX}{random_text(12)}"
    damaged = goal.parent / f"{TEMPORARY_PREFIX}{random_text(12)}"
    try:
        with translated(manifest.target()):
            temporary.mkdir(parents=True)
            for file in manifest.files:
                _link(_place(blobs, blob_path(file.sha256)), temporary / file.path, executable=file.executable)
            source = temporary / manifest.files[0].path if manifest.single_file else temporary
            if goal.exists() and not _whole(goal, manifest):
                goal.rename(damaged)
            _publish(source, goal)
            _close(goal)
    finally:
        remove_tree(temporary)
        remove_tree(damaged)


def _whole(goal: Path, manifest: Manifest) -> bool:
    places = ((goal if manifest.single_file else goal / file.path, file.size) for file in manifest.files)
    try:
        return goal.exists() and all(place.stat().st_size == size for place, size in places)
    except (FileNotFoundError, NotADirectoryError):
        return False


def _close(goal: Path) -> None:
    """A job that is given the tree may not add to it or take away from it."""
    if goal.is_dir():
        for folder, _, _ in os.walk(goal):
            Path(folder).chmod(_CLOSED)


def _publish(source: Path, goal: Path) -> None:
    # Another client may have made the same tree meanwhile: its content is the same.
    try:
        source.rename(goal)
    except OSError:
        if not goal.exists():
            raise


def _link(blob: Path, place: Path, *, executable: bool) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    if not executable:
        with suppress(OSError):
            os.link(blob, place)
            return
    shutil.copyfile(blob, place)
    place.chmod(0o555 if executable else 0o444)


def _copy_tree(manifest: Manifest, content: ContentStore, store: ArtifactStore) -> None:
    folder = manifest.target()
    for file in manifest.files:
        path = folder if manifest.single_file else f"{folder}/{file.path}"
        if not _same_size(store, path, file.size):
            store.put_stream(path, content.open_read(file.sha256))


def _same_size(store: ArtifactStore, path: str, size: int) -> bool:
    try:
        return store.stat(path).size == size
    except NotFound:
        return False


def _check_sizes(files: Iterable[ManifestFile], content: ContentStore) -> None:
    for file in files:
        if content.size(file.sha256) != file.size:
            raise InvalidInput(
                f"'{file.path}' has {file.size} bytes here, its blob {content.size(file.sha256)}.",
                field="files",
                mend="send the size that the file has, or upload the blob again",
            )


def _refuse_collisions(paths: list[str]) -> None:
    known = set(paths)
    if len(known) != len(paths):
        twice = next(path for index, path in enumerate(paths[1:]) if path == paths[index])
        raise InvalidInput(f"The path '{twice}' is listed twice.", field="files")
    for path in paths:
        parts = path.split("/")
        parents = ("/".join(parts[:count]) for count in range(1, len(parts)))
        taken = next((parent for parent in parents if parent in known), None)
        if taken is not None:
            raise InvalidInput(f"'{taken}' is both a file and a folder.", field="files")


def _place(store: LocalStore, path: str) -> Path:
    place = store.local_path(path)
    assert place is not None
    return place
