"""The document of a task: paths on this node, the command with its expressions replaced, and its environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from modelyard.artifacts.storage import Storage, run_folder
from modelyard.domain.errors import NotFound, Unsupported
from modelyard.domain.expressions import substitute
from modelyard.domain.job_plan import JobPlan, PlannedInput, PlannedOutput
from modelyard.domain.job_record import JobRecord
from modelyard.domain.references import HttpUri, parse_reference
from modelyard.environments.engine import run_arguments
from modelyard.environments.environments import Runtime
from modelyard.services.files import locate
from modelyard.store.transaction import Transaction

GRACE_SECONDS = 10
COPIED_MODES = ("download", "eval_download")


@dataclass(frozen=True)
class Surroundings:
    """Facts of the installation that a task is told."""

    server_url: str
    subscription_id: str
    resource_group: str
    workspace_id: str
    experiment_id: int
    root_run_id: str
    parent_run_id: str | None


@dataclass(frozen=True)
class Secret:
    """The job's own token."""

    token: str
    expires_at: datetime | None


class TaskDocument:
    """Builds one task's document. Reads through the transaction; touches no file."""

    def __init__(self, storage: Storage, tx: Transaction, job: JobRecord, directory: Path, runtime: Runtime) -> None:
        self._storage = storage
        self._tx = tx
        self._job = job
        self._plan = JobPlan.of(job.state)
        self._directory = directory
        self._runtime = runtime
        self._texts: dict[str, str | None] = {}

    def build(self, attempt: int, surroundings: Surroundings) -> dict[str, Any]:
        """Everything but the token, which `with_secret` adds. Unsupported for places that are not on this machine."""
        inputs = [self._input(name, planned) for name, planned in self._plan.inputs.items()]
        outputs = [self._output(name, planned, attempt) for name, planned in self._plan.outputs.items()]
        spec = self._job.spec
        limits = spec.get("limits") or {}
        document = {
            "version": 1,
            "task_id": f"{self._job.workspace}.{self._job.name}.{attempt}",
            "workspace": self._job.workspace,
            "job": self._job.name,
            "attempt": attempt,
            "command": self._plan.command or substitute(spec["command"], self._texts, field="command"),
            "env": {
                **self._variables(surroundings),
                "MODELYARD_ATTEMPT": str(attempt),
                **self._own_variables(spec.get("environment_variables") or {}),
            },
            "code": {"path": str(self._code()) if self._plan.code else None, "mode": "copy"},
            "files": self._plan.files,
            "inputs": [entry for entry in inputs if entry is not None],
            "outputs": outputs,
            "artifacts_dir": str(self._artifacts()),
            "timeout_seconds": self._plan.timeout_seconds or limits.get("timeout"),
            "grace_seconds": self._plan.grace_seconds or GRACE_SECONDS,
            "processes": self._plan.processes,
            "distribution": self._distribution(spec),
            "interpreter_bin": str(self._runtime.bin) if self._runtime.bin else None,
            "notes": [*self._runtime.notes, *self._plan.notes],
        }
        if self._plan.warm:
            imports = self._plan.warm_imports
            document["warm"] = {} if imports is None else {"imports": list(imports)}
        if self._runtime.image:
            arguments = run_arguments(spec.get("resources") or {}, self._plan.gpus)
            engine = {"engine": self._runtime.engine, "image": self._runtime.image, "args": arguments}
            document["container"] = engine
        return document

    def _code(self) -> Path:
        return self._local(str(self._plan.code), "code")

    def _input(self, name: str, planned: PlannedInput) -> dict[str, Any] | None:
        """Materialisation of one input; a literal, an URI passed on and an unset input need none."""
        key = f"inputs.{name}"
        if planned.uri is None:
            self._texts[key] = planned.text
            return None
        if planned.mode == "direct":
            self._texts[key] = planned.uri
            return None
        parsed = parse_reference(planned.uri, field=key)
        place = self._directory / "inputs" / name
        if isinstance(parsed, HttpUri):
            target = place / _file_name(parsed.url)
            source = {"url": parsed.url}
            self._texts[key] = str(place if planned.type == "mltable" else target)
        else:
            path = self._local(planned.uri, key)
            target = place / path.name if planned.mode in COPIED_MODES and planned.type == "uri_file" else place
            target = target if planned.mode in COPIED_MODES else path
            source = {"path": str(path)}
            self._texts[key] = str(target)
        return {"name": name, "type": planned.type, "mode": planned.mode, "source": source, "target": str(target)}

    def _output(self, name: str, planned: PlannedOutput, attempt: int) -> dict[str, Any]:
        place = self._local(planned.uri, f"outputs.{name}")
        path = self._directory / "outputs" / name if planned.mode == "upload" else place
        self._texts[f"outputs.{name}"] = planned.uri if planned.mode == "direct" else str(path)
        entry = {"name": name, "type": planned.type, "mode": planned.mode, "path": str(path)}
        if planned.mode == "upload":
            entry["destination"] = str(place)
        return {**entry, "fresh": planned.own_place and attempt > 1}

    def _local(self, uri: str, field: str) -> Path:
        found = locate(self._tx, self._storage, self._job.workspace, uri, field=field).local_path()
        if found is None:
            raise Unsupported(
                f"'{uri}' lies in a remote store, which jobs on this compute cannot mount yet.",
                field=field,
                mend="pass it with mode: direct, or copy it to a datastore of this machine",
            )
        return found

    def _artifacts(self) -> Path:
        folder = self._storage.run_artifacts(self._job.workspace).local_path(run_folder(self._job.run_id))
        if folder is None:
            raise Unsupported("Run artifacts lie in a remote store, which this compute cannot write to yet.")
        return folder

    def _distribution(self, spec: Mapping[str, Any]) -> dict[str, Any] | None:
        given = spec.get("distribution")
        return {**given, "nodes": self._plan.nodes} if given else None

    def _own_variables(self, given: Mapping[str, str]) -> dict[str, str]:
        return {
            name: substitute(str(text), self._texts, field=f"environment_variables.{name}")
            for name, text in given.items()
        }

    def _variables(self, around: Surroundings) -> dict[str, str]:
        job = self._job
        scope = f"/subscriptions/{around.subscription_id}/resourceGroups/{around.resource_group}"
        workspace_scope = f"{scope}/providers/Microsoft.MachineLearningServices/workspaces/{job.workspace}"
        variables = {
            "AZUREML_RUN_ID": job.run_id,
            "AZUREML_ROOT_RUN_ID": around.root_run_id,
            "AZUREML_PARENT_RUN_ID": around.parent_run_id or "",
            "AZUREML_ARM_SUBSCRIPTION": around.subscription_id,
            "AZUREML_ARM_RESOURCEGROUP": around.resource_group,
            "AZUREML_ARM_WORKSPACE_NAME": job.workspace,
            "AZUREML_ARM_PROJECT_NAME": job.experiment_name,
            "AZUREML_EXPERIMENT_ID": str(around.experiment_id),
            "AZUREML_EXPERIMENT_SCOPE": f"{workspace_scope}/experiments/{job.experiment_name}",
            "AZUREML_WORKSPACE_ID": around.workspace_id,
            "AZUREML_WORKSPACE_SCOPE": workspace_scope,
            "AZUREML_SERVICE_ENDPOINT": around.server_url,
            "AZUREML_DISCOVERY_SERVICE_ENDPOINT": f"{around.server_url}/discovery",
            "AZUREML_RUN_HISTORY_SERVICE_ENDPOINT": around.server_url,
            "AZUREML_RUN_CONFIGURATION": "azureml-setup/run_config.json",
            "AZUREML_COMPUTE_USE_COMMON_RUNTIME": "true",
            "AZUREML_CR_NODE_RANK": "0",
            "AZUREML_CR_DATA_CAPABILITY_PATH": str(self._directory / "inputs"),
            "MLFLOW_TRACKING_URI": f"{around.server_url}/mlflow/{job.workspace}",
            "MLFLOW_REGISTRY_URI": f"{around.server_url}/mlflow/{job.workspace}",
            "MLFLOW_RUN_ID": job.run_id,
            "MLFLOW_EXPERIMENT_ID": str(around.experiment_id),
            "MLFLOW_EXPERIMENT_NAME": job.experiment_name,
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MODELYARD_SERVER_URL": around.server_url,
            "MODELYARD_WORKSPACE": job.workspace,
            "MODELYARD_JOB_NAME": job.name,
        }
        return {name: text for name, text in variables.items() if text} | self._path_variables()

    def _path_variables(self) -> dict[str, str]:
        variables = {}
        for key, text in self._texts.items():
            kind, _, name = key.partition(".")
            if text is None:
                continue
            variables[f"AZURE_ML_{'INPUT' if kind == 'inputs' else 'OUTPUT'}_{name}"] = text
            variables[f"AZUREML_DATAREFERENCE_{name}"] = text
        return variables


def with_secret(document: dict[str, Any], secret: Secret) -> dict[str, Any]:
    """The document with the job's token in its environment."""
    variables = {
        "MLFLOW_TRACKING_TOKEN": secret.token,
        "MODELYARD_TOKEN": secret.token,
        "AZUREML_RUN_TOKEN": secret.token,
    }
    if secret.expires_at is not None:
        variables["AZUREML_RUN_TOKEN_EXPIRY"] = str(int(secret.expires_at.timestamp()))
    return {**document, "env": {**variables, **document["env"]}}


def surroundings(tx: Transaction, job: JobRecord, server_url: str) -> Surroundings:
    """The facts that this job's task is told."""
    workspace = tx.workspaces.get(job.workspace)
    parent = _find(tx, job.workspace, job.parent_name)
    root = parent
    while root is not None and root.parent_name:
        root = _find(tx, job.workspace, root.parent_name)
    return Surroundings(
        server_url=server_url,
        subscription_id=workspace.subscription_id or "",
        resource_group=workspace.resource_group or "",
        workspace_id=f"{workspace.id:08x}-0000-0000-0000-000000000000",
        experiment_id=tx.runs.experiment_id(job.workspace, job.experiment_name),
        root_run_id=root.run_id if root else job.run_id,
        parent_run_id=parent.run_id if parent else None,
    )


def _find(tx: Transaction, workspace: str, name: str | None) -> JobRecord | None:
    try:
        return tx.jobs.get(workspace, name) if name else None
    except NotFound:
        return None


def _file_name(url: str) -> str:
    name = url.partition("?")[0].partition("#")[0].rstrip("/").rpartition("/")[2]
    return name if name and not name.startswith(".") and ":" not in name else "data"
