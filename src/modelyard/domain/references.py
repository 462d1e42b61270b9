"""Every way to point at something: assets, datastores, runs, jobs, URLs and local paths.

`azureml:` and `modelyard:` are the same. A reference is parsed once, here; everybody else asks for its type.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import Literal

from modelyard.domain.errors import InvalidInput
from modelyard.domain.sources import is_local_path

AssetKind = Literal["data", "model", "environment", "component", "code", "job", "compute", "datastore", "index"]

# Words of addresses in either number; the address keeps the plural.
_KINDS: dict[str, AssetKind] = {
    "data": "data",
    "datasets": "data",
    "model": "model",
    "models": "model",
    "environment": "environment",
    "environments": "environment",
    "component": "component",
    "components": "component",
    "code": "code",
    "codes": "code",
    "job": "job",
    "jobs": "job",
    "compute": "compute",
    "computes": "compute",
    "datastore": "datastore",
    "datastores": "datastore",
    "index": "index",
    "indexes": "index",
}
_PLURALS: dict[AssetKind, str] = {
    "data": "data",
    "model": "models",
    "environment": "environments",
    "component": "components",
    "code": "codes",
    "job": "jobs",
    "compute": "computes",
    "datastore": "datastores",
    "index": "indexes",
}
_OWN_SCHEMES = ("azureml:", "modelyard:")
_NAME = r"[a-zA-Z0-9_][a-zA-Z0-9_.\- ]{0,254}"
_SHORT = re.compile(rf"(?P<name>{_NAME})(?::(?P<version>[a-zA-Z0-9._+-]{{1,255}})|@(?P<label>{_NAME}))?")
_STORAGE = re.compile(r"(wasbs?|abfss?|adl|s3|s3a|gs|gcs|az|hdfs)://", re.IGNORECASE)


@dataclass(frozen=True)
class AssetRef:
    """`azureml:<name>:<version>`, `@<label>`, or the long forms; `kind` is None in the short one."""

    name: str
    version: str | None = None
    label: str | None = None
    kind: AssetKind | None = None
    workspace: str | None = None

    def __str__(self) -> str:
        if self.kind is None:
            end = f":{self.version}" if self.version else f"@{self.label}" if self.label else ""
            return f"azureml:{self.name}{end}"
        end = f"/versions/{self.version}" if self.version else f"/labels/{self.label}" if self.label else ""
        where = f"workspaces/{self.workspace}/" if self.workspace else ""
        return f"azureml://{where}{_PLURALS[self.kind]}/{self.name}{end}"


@dataclass(frozen=True)
class RegistryRef:
    """`azureml://registries/<registry>/<kind>/<name>[/versions/<v>|/labels/<l>]`."""

    registry: str
    kind: AssetKind
    name: str
    version: str | None = None
    label: str | None = None

    def __str__(self) -> str:
        end = f"/versions/{self.version}" if self.version else f"/labels/{self.label}" if self.label else ""
        return f"azureml://registries/{self.registry}/{_PLURALS[self.kind]}/{self.name}{end}"


@dataclass(frozen=True)
class DatastoreUri:
    """`azureml://datastores/<datastore>/paths/<path>`, short or long; run artifacts have no `/paths/`."""

    datastore: str
    path: str
    workspace: str | None = None

    def __str__(self) -> str:
        where = f"workspaces/{self.workspace}/" if self.workspace else ""
        return f"azureml://{where}datastores/{self.datastore}/paths/{self.path}"


@dataclass(frozen=True)
class JobOutputUri:
    """`azureml://jobs/<job>/outputs/<output>[/paths/<path>]`; `artifacts` and `default` are the run's artifacts."""

    job: str
    output: str
    path: str = ""

    @property
    def run_artifacts(self) -> bool:
        return self.output in ("artifacts", "default")

    def __str__(self) -> str:
        return f"azureml://jobs/{self.job}/outputs/{self.output}/paths/{self.path}"


@dataclass(frozen=True)
class RunUri:
    """`runs:/<run>/<path>`, and `azureml://artifacts/ExperimentRun/dcid.<run>/<path>`."""

    run_id: str
    path: str

    def __str__(self) -> str:
        return f"runs:/{self.run_id}/{self.path}"


@dataclass(frozen=True)
class ModelUri:
    """`models:/<name>/<version or stage>` or `models:/<name>@<alias>`."""

    name: str
    version: str | None = None
    alias: str | None = None

    def __str__(self) -> str:
        return f"models:/{self.name}@{self.alias}" if self.alias else f"models:/{self.name}/{self.version}"


@dataclass(frozen=True)
class HttpUri:
    """`http://` or `https://`."""

    url: str

    def __str__(self) -> str:
        return self.url


@dataclass(frozen=True)
class StorageUri:
    """A cloud store's own URI: `wasbs://`, `abfss://`, `adl://`, `s3://`, `gs://`, `az://`, `hdfs://`."""

    scheme: str
    url: str

    def __str__(self) -> str:
        return self.url


@dataclass(frozen=True)
class GitUri:
    """`git+https://...`."""

    url: str

    def __str__(self) -> str:
        return self.url


@dataclass(frozen=True)
class LocalPath:
    """A path on the machine of whoever wrote it; `file:` removed."""

    path: str

    def __str__(self) -> str:
        return self.path


Reference = (
    AssetRef | RegistryRef | DatastoreUri | JobOutputUri | RunUri | ModelUri | HttpUri | StorageUri | GitUri | LocalPath
)


def parse_reference(text: str, *, field: str | None = None) -> Reference:
    """What `text` points at; InvalidInput naming `field` for an address of ours that cannot be read."""
    if not text.strip() or "\x00" in text:
        raise InvalidInput("the reference is empty or holds a NUL", field=field)
    for scheme in _OWN_SCHEMES:
        if text.startswith(scheme):
            return _own(text, text[len(scheme) :], field)
    if text.startswith(("http://", "https://")):
        return HttpUri(text)
    if text.startswith("git+"):
        return GitUri(text)
    if text.startswith(("runs:/", "models:/")):
        return _mlflow(text, field)
    if text.startswith("/subscriptions/"):
        return _address(text, text.strip("/").split("/"), field)
    storage = _STORAGE.match(text)
    if storage:
        return StorageUri(storage.group(1).lower(), text)
    if not is_local_path(text):
        raise InvalidInput(f"'{text[:200]}' is not a path or an address known here", field=field, mend=_FORMS)
    return LocalPath(text.removeprefix("file://").removeprefix("file:"))


def parse_asset_reference(text: str, kind: AssetKind, *, field: str | None = None) -> AssetRef | RegistryRef:
    """An asset of one kind: a bare `<name>:<version>` counts, and another kind's address is refused."""
    if text.startswith(("runs:/", "models:/", "/subscriptions/", *_OWN_SCHEMES)) or "://" in text:
        found = parse_reference(text, field=field)
    else:
        found = _short(text, text, field)
    if isinstance(found, ModelUri) and kind == "model":
        return AssetRef(found.name, found.version, found.alias, "model")
    if not isinstance(found, AssetRef | RegistryRef):
        raise InvalidInput(f"'{text[:200]}' is not a reference to a {kind}", field=field, mend=_mend(kind))
    if found.kind not in (None, kind):
        raise InvalidInput(f"'{text[:200]}' is a {found.kind}, not a {kind}", field=field, mend=_mend(kind))
    if isinstance(found, AssetRef) and found.kind is None:
        return AssetRef(found.name, found.version, found.label, kind, found.workspace)
    return found


_FORMS = "write a local path, a URL, azureml:<name>:<version> or azureml://datastores/<datastore>/paths/<path>"


def _mend(kind: AssetKind) -> str:
    return f"write azureml:<name>:<version>, azureml:<name>@latest or azureml://{_PLURALS[kind]}/<name>/versions/<v>"


def _own(text: str, rest: str, field: str | None) -> Reference:
    if rest.startswith("//"):
        return _address(text, rest.strip("/").split("/"), field, keep=rest[2:])
    if rest.startswith("/subscriptions/"):
        return _address(text, rest.strip("/").split("/"), field)
    return _short(text, rest, field)


def _short(text: str, rest: str, field: str | None) -> AssetRef:
    match = _SHORT.fullmatch(rest)
    if match is None:
        raise InvalidInput(f"'{text[:200]}' is not a reference", field=field, mend=_FORMS)
    return AssetRef(match["name"], match["version"], match["label"])


def _address(text: str, parts: list[str], field: str | None, keep: str = "") -> Reference:
    """The long forms: pairs of a word and a name, ending in an asset, a datastore path or a job output."""
    workspace: str | None = None
    index = 0
    while index < len(parts):
        word = parts[index].lower()
        following = parts[index + 1] if index + 1 < len(parts) else ""
        if word in ("subscriptions", "resourcegroups", "locations", "providers", "workspaces") and following:
            workspace = following if word == "workspaces" else workspace
            index += 2
        elif word in ("registries", "feeds") and following:
            return _registry(text, following, parts[index + 2 :], field)
        elif word == "artifacts":
            return _run_artifacts(text, parts[index + 1 :], field)
        elif word == "datastores" and following:
            return DatastoreUri(following, _datastore_path(text, parts[index + 2 :], field), workspace)
        elif word == "jobs" and following and parts[index + 2 : index + 3] == ["outputs"]:
            return _job_output(text, following, parts[index + 3 :], field)
        elif word in _KINDS and following:
            version, label = _version(text, parts[index + 2 :], field)
            return AssetRef(following, version, label, _KINDS[word], workspace)
        else:
            break
    raise InvalidInput(f"'{text[:200]}' is not an address known here", field=field, mend=_FORMS)


def _registry(text: str, registry: str, parts: list[str], field: str | None) -> RegistryRef:
    if len(parts) < 2 or parts[0].lower() not in _KINDS:
        raise InvalidInput(
            f"'{text[:200]}' is not an address in a registry",
            field=field,
            mend="write azureml://registries/<registry>/<kind>/<name>/versions/<version>",
        )
    version, label = _version(text, parts[2:], field)
    return RegistryRef(registry, _KINDS[parts[0].lower()], parts[1], version, label)


def _version(text: str, parts: list[str], field: str | None) -> tuple[str | None, str | None]:
    if not parts:
        return None, None
    if len(parts) == 2 and parts[0] == "versions":
        return parts[1], None
    if len(parts) == 2 and parts[0] == "labels":
        return None, parts[1]
    raise InvalidInput(f"'{text[:200]}' does not end in versions/<version> or labels/<label>", field=field)


def _datastore_path(text: str, parts: list[str], field: str | None) -> str:
    rest = parts[1:] if parts[:1] == ["paths"] else parts
    return relative_path("/".join(rest), field=field, shown=text)


def _job_output(text: str, job: str, parts: list[str], field: str | None) -> JobOutputUri:
    if not parts or not parts[0]:
        raise InvalidInput(f"'{text[:200]}' names no output", field=field)
    rest = parts[2:] if parts[1:2] == ["paths"] else parts[1:]
    return JobOutputUri(job, parts[0], relative_path("/".join(rest), field=field, shown=text))


def _run_artifacts(text: str, parts: list[str], field: str | None) -> RunUri:
    if len(parts) >= 2 and parts[0] == "ExperimentRun" and parts[1].startswith("dcid."):
        path = relative_path("/".join(parts[2:]), field=field, shown=text)
        return RunUri(parts[1].removeprefix("dcid."), path)
    raise InvalidInput(f"'{text[:200]}' is not an address of a run's artifacts", field=field)


def _mlflow(text: str, field: str | None) -> RunUri | ModelUri:
    scheme, _, rest = text.partition(":")
    rest = rest.lstrip("/")
    name, _, tail = rest.partition("/")
    if scheme == "runs" and name:
        return RunUri(name, relative_path(tail, field=field, shown=text))
    if scheme == "models" and name:
        bare, _, alias = rest.partition("@")
        if alias:
            return ModelUri(bare, alias=alias)
        if tail:
            return ModelUri(name, tail)
    raise InvalidInput(
        f"'{text[:200]}' is not an MLflow address",
        field=field,
        mend="write runs:/<run id>/<path>, models:/<name>/<version> or models:/<name>@<alias>",
    )


def relative_path(path: str, *, field: str | None = None, shown: str | None = None) -> str:
    """`path` normalised and without a leading slash; InvalidInput when it leaves its root."""
    clean = posixpath.normpath(path.replace("\\", "/").lstrip("/")) if path.strip("/") else ""
    if clean == ".." or clean.startswith("../") or "\x00" in path:
        raise InvalidInput(f"the path of '{(shown or path)[:200]}' leaves its root", field=field, mend="remove '..'")
    return "" if clean == "." else clean
