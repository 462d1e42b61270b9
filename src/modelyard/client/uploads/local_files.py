"""Local paths in an entity, uploaded and replaced by where they lie on the server."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import yaml

from modelyard.client.git import Provenance, provenance
from modelyard.client.scope import Scope
from modelyard.client.uploads.snapshots import CODE_LIMIT_BYTES, Snapshot, SnapshotUploader
from modelyard.domain.code import Code
from modelyard.domain.datastore import Datastore
from modelyard.domain.entity import Entity, Part
from modelyard.domain.environment import BuildContext, Environment
from modelyard.domain.errors import InvalidInput
from modelyard.domain.job import Job
from modelyard.domain.model import Model
from modelyard.domain.online_deployment import OnlineDeployment
from modelyard.domain.sources import is_local_path, resolve_path

E = TypeVar("E", bound=Entity)
DIFF_PROPERTY = "modelyard.git.diff"


class LocalFiles:
    """Makes copies of entities that mean the same on any machine."""

    def __init__(self, scope: Scope) -> None:
        self._uploader = SnapshotUploader(scope)

    def uploaded(self, entity: E) -> E:
        """A copy of `entity` without local paths; what it was made from in git goes into a job's properties."""
        copy = entity.model_copy(deep=True)
        if isinstance(copy, Datastore):
            return copy
        code = _code_of(copy)
        if isinstance(copy, Job) and isinstance(code, str) and is_local_path(code):
            self._record_git(copy, Path(resolve_path(code, Path.cwd())))
        self._replace(copy, "")
        return copy

    def _replace(self, part: Part, prefix: str) -> None:
        for name in part.local_paths:
            value = getattr(part, name, None)
            if isinstance(value, str) and is_local_path(value):
                self._replace_field(part, name, Path(resolve_path(value, Path.cwd())), prefix + name)
        for name, inner in _parts(part):
            self._replace(inner, f"{prefix}{name}.")

    def _replace_field(self, part: Part, name: str, path: Path, field: str) -> None:
        if isinstance(part, Environment) and name == "conda_file":
            part.conda_file = _conda(path, field)
        elif isinstance(part, OnlineDeployment) and name == "model":
            part.model = Model(path=self._upload(path, field).uri)
        elif name == "code" or isinstance(part, Code | BuildContext):
            setattr(part, name, self._upload(path, field, code=True).uri)
        else:
            setattr(part, name, self._upload(path, field).uri)

    def _upload(self, path: Path, field: str, *, code: bool = False) -> Snapshot:
        limit = CODE_LIMIT_BYTES if code else None
        return self._uploader.upload(path, gitignore=code, size_limit=limit, field=field)

    def _record_git(self, job: Job, code: Path) -> None:
        found = provenance(code) if code.exists() else None
        if found is None:
            return
        facts = found.properties()
        if found.diff:
            facts[DIFF_PROPERTY] = self._upload_diff(found)
        job.properties = {**facts, **job.properties}

    def _upload_diff(self, found: Provenance) -> str:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "uncommitted.diff"
            file.write_bytes(found.diff)
            return self._uploader.upload(file).uri


def _code_of(entity: Entity) -> Any:
    """The code of a job, or of the trials of a sweep."""
    return getattr(getattr(entity, "trial", entity), "code", None)


def _parts(part: Part) -> Iterator[tuple[str, Part]]:
    """The mappings inside a mapping, however they are held."""
    for name in type(part).model_fields:
        yield from _held(name, getattr(part, name))


def _held(name: str, value: Any) -> Iterator[tuple[str, Part]]:
    if isinstance(value, Part):
        yield name, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _held(f"{name}.{key}", inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _held(f"{name}.{index}", inner)


def _conda(path: Path, field: str) -> dict[str, Any]:
    try:
        specification = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InvalidInput(f"'{path}' cannot be read as a conda file: {error}.", field=field, file=str(path)) from error
    if not isinstance(specification, dict):
        raise InvalidInput(f"'{path}' is not a conda file: it holds no mapping.", field=field, file=str(path))
    return specification
