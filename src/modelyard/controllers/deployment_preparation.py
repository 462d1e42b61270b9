"""What a deployment needs before a worker can start: files on this machine, an environment, one document of it all."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from modelyard.artifacts.storage import Storage
from modelyard.domain.errors import InvalidInput, NotFound
from modelyard.domain.online_deployment import OnlineRequestSettings, ProbeSettings
from modelyard.environments.environments import Environments
from modelyard.services.files import Location, locate
from modelyard.services.online_deployments import RESOLVED
from modelyard.store.database import Database
from modelyard.store.records import DeploymentRecord

# What the worker itself imports; an environment that is built for a deployment gets it besides.
SCORER_REQUIREMENTS = ("orjson>=3.11", "httptools>=0.6", "uvloop>=0.21", "numpy", "pandas>=2.3", "pyyaml>=6")


class Preparation:
    """Prepares deployments; slow (copies files, builds environments), so it runs in a thread of its own."""

    def __init__(self, database: Database, storage: Storage, environments: Environments, root: Path) -> None:
        self._database = database
        self._storage = storage
        self._environments = environments
        self._root = root

    def prepare(self, record: DeploymentRecord) -> dict[str, Any]:
        """The build of a deployment: what `instance.json` and the worker's start are made of, and its `fingerprint`.

        Errors of the family say what cannot be had and how to mend it.
        """
        resolved = record.spec.get(RESOLVED) or {}
        folder = self._root / record.workspace / record.endpoint / record.name
        build: dict[str, Any] = {
            "python": "",
            "model": None,
            "code_path": None,
            "scoring_script": None,
            "env": dict(record.spec.get("environment_variables") or {}),
            "limits": _limits(record.spec),
        }
        if resolved.get("model"):
            build["model"] = self._model(record.workspace, resolved["model"], folder)
            build["env"].setdefault("AZUREML_MODEL_DIR", build["model"].pop("dir"))
        code = record.spec.get("code_configuration") or {}
        if code.get("scoring_script"):
            build["scoring_script"] = code["scoring_script"]
            build["code_path"] = str(self._files(record.workspace, code.get("code"), folder, "code"))
            build["env"].setdefault("AZUREML_ENTRY_SCRIPT", code["scoring_script"])
            build["env"].setdefault("AML_APP_ROOT", build["code_path"])
            build["env"].setdefault("AZUREML_APP_ROOT", build["code_path"])
        build["python"] = str(self._python(resolved.get("environment"), build["model"]))
        build["fingerprint"] = _digest(build)
        build["start_timeout_seconds"] = _start_timeout(record.spec)
        return build

    def _model(self, workspace: str, model: Mapping[str, Any], folder: Path) -> dict[str, Any]:
        """The model's files under the folder that AZUREML_MODEL_DIR names, with their own name."""
        source = self._files(workspace, model["uri"], folder, "model")
        name, version = str(model.get("name") or "model"), str(model.get("version") or "1")
        directory = folder / "azureml-models" / name / version / _digest({"source": str(source)})[:8]
        place = directory / Path(str(model["uri"]).rstrip("/")).name
        link_tree(source, place)
        return {"path": str(place), "dir": str(directory), "type": model["type"], "name": name, "version": version}

    def _files(self, workspace: str, uri: str | None, folder: Path, what: str) -> Path:
        if not uri:
            raise InvalidInput(f"The deployment's {what} has no path.", field=what)
        with self._database.snapshot() as tx:
            location = locate(tx, self._storage, workspace, uri, field=what)
        path = location.local_path()
        if path is None:
            path = _download(location, folder / "files" / _digest({"uri": uri})[:16])
        if not path.exists():
            raise NotFound(f"The {what}'s files are not at '{uri}'.", field=what, mend="register them again")
        return path

    def _python(self, environment: Mapping[str, Any] | None, model: Mapping[str, Any] | None) -> Path:
        """An interpreter that satisfies the environment: the server's own where it does, else one that is built."""
        definition = dict(environment) if environment else _own_environment(model)
        if definition is None or not self._environments.key(definition):
            return self._environments.runtime({}).python
        if definition.get("conda_file"):
            definition = _with_scorer(definition)
        self._environments.build(definition)
        return self._environments.runtime(definition).python


def _own_environment(model: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The environment that an MLflow model was saved with, at any patch release of its Python."""
    if model is None or model["type"] != "mlflow_model":
        return None
    try:
        conda = yaml.safe_load((Path(model["path"]) / "conda.yaml").read_text("utf-8"))
        entries = [entry for entry in conda["dependencies"] if not str(entry).startswith("python=")]
    except (OSError, yaml.YAMLError, KeyError, TypeError):
        return None
    return {"conda_file": {"dependencies": entries}}


def _with_scorer(definition: Mapping[str, Any]) -> dict[str, Any]:
    conda = definition["conda_file"]
    entries = [*(conda.get("dependencies") or []), {"pip": list(SCORER_REQUIREMENTS)}]
    return {**definition, "conda_file": {**conda, "dependencies": entries}}


def link_tree(source: Path, place: Path) -> None:
    """The same files under another name, whole or not at all: real folders, for scripts walk them without links."""
    if place.exists():
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    fresh = place.with_name(f".{place.name}.part")
    if fresh.is_dir():
        shutil.rmtree(fresh)
    fresh.unlink(missing_ok=True)
    if source.is_dir():
        shutil.copytree(source, fresh, copy_function=_link_or_copy)
        for folder, _, _ in os.walk(fresh):  # uploads are closed to changes; what goes with the instance is not
            Path(folder).chmod(0o755)
    else:
        _link_or_copy(str(source), str(fresh))
    fresh.rename(place)


def _link_or_copy(source: str, target: str) -> str:
    try:
        os.link(source, target)
    except OSError:
        return str(shutil.copy2(source, target))
    return target


def _limits(spec: Mapping[str, Any]) -> dict[str, int]:
    settings = OnlineRequestSettings.from_stored(spec.get("request_settings") or {})
    return {
        "request_timeout_ms": settings.request_timeout_ms,
        "max_concurrent_requests": settings.max_concurrent_requests_per_instance,
        "max_queue_wait_ms": settings.max_queue_wait_ms,
    }


def _start_timeout(spec: Mapping[str, Any]) -> float:
    probe = ProbeSettings.from_stored(spec.get("readiness_probe") or {})
    return float(max(probe.initial_delay + probe.period * probe.failure_threshold, 30))


def _digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _download(location: Location, place: Path) -> Path:
    """A copy of remote files, made whole or not at all."""
    if place.exists():
        return place
    fresh = place.with_name(f".{place.name}.part")
    shutil.rmtree(fresh, ignore_errors=True)
    prefix = "" if location.is_file() else f"{location.path}/"
    paths = [location.path] if location.is_file() else [stat.path for stat in location.store.list(location.path)]
    for path in paths:
        target = fresh / (path.removeprefix(prefix) if prefix else Path(path).name)
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as copy:
            copy.writelines(location.store.open_read(path))
    if not paths:
        raise NotFound(f"There are no files at '{location.uri}'.")
    fresh.rename(place)
    return place if prefix else next(place.iterdir())
