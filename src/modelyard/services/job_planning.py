"""From what a user wrote to a plan: every reference made concrete, every need checked, before anything is written."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import yaml

from modelyard.artifacts.storage import BLOB_DATASTORE, Storage
from modelyard.domain.asset import Asset
from modelyard.domain.code import Code
from modelyard.domain.data import Data
from modelyard.domain.errors import InvalidInput, Unsupported, did_you_mean
from modelyard.domain.expressions import substitute
from modelyard.domain.job import MpiDistribution, PyTorchDistribution, RayDistribution, TensorFlowDistribution
from modelyard.domain.job_io import Input, JobInput, Output, literal_text
from modelyard.domain.job_plan import MAX_RETRIES_PROPERTY, RETRY_ON_PROPERTY, JobPlan, PlannedInput, PlannedOutput
from modelyard.domain.references import (
    AssetRef,
    DatastoreUri,
    HttpUri,
    JobOutputUri,
    LocalPath,
    ModelUri,
    Reference,
    RegistryRef,
    RunUri,
    parse_reference,
)
from modelyard.domain.task import Resources
from modelyard.environments.environments import Environments
from modelyard.kinds.command import CommandJob
from modelyard.services import assets, models
from modelyard.services.asset_contents import is_upload
from modelyard.services.files import locate
from modelyard.services.resource_properties import FIELD, WARM_PROPERTIES, ResourceProperties
from modelyard.store.records import AssetKind
from modelyard.store.transaction import Transaction

MAX_RETRIES = 100
MODEL_TYPES = frozenset({"custom_model", "mlflow_model", "triton_model"})
DATA_TYPES = frozenset({"uri_file", "uri_folder", "mltable"})
_OWN = "modelyard."


@dataclass(frozen=True)
class Planner:
    """Plans jobs. Reads through the transaction that it is given, and writes only anonymous assets."""

    storage: Storage
    environments: Environments

    def plan(self, tx: Transaction, workspace: str, name: str, job: CommandJob, capacity: Resources) -> JobPlan:
        """The plan of a command job under its final name. InvalidInput or NotFound name the field."""
        resources = job.resources
        nodes = resources.instance_count if resources else 1
        asked = ResourceProperties.read(resources.properties if resources else {}, nodes)
        demand = asked.demand
        _check_satisfiable(demand, capacity, str(job.compute or "local"))
        definition, environment_asset = self._environment(tx, workspace, job)
        code, code_asset = self._code(tx, workspace, job.code)
        return JobPlan(
            cpus=demand.cpus,
            memory_bytes=demand.memory_bytes,
            gpus=demand.gpus,
            code=code,
            code_asset=code_asset,
            environment=definition,
            environment_asset=environment_asset,
            inputs={key: self._input(tx, workspace, key, value) for key, value in job.inputs.items()},
            outputs={key: _output(tx, workspace, name, key, value) for key, value in job.outputs.items()},
            processes=_processes(job.distribution, nodes),
            nodes=nodes,
            max_retries=_max_retries(job.properties),
            retry_on=_retry_on(job.properties),
            warm=asked.warm,
            warm_imports=asked.warm_imports,
        )

    def inputs(self, tx: Transaction, workspace: str, given: Mapping[str, JobInput]) -> dict[str, PlannedInput]:
        """The inputs of a job that has no task of its own."""
        return {key: self._input(tx, workspace, key, value) for key, value in given.items()}

    def _environment(self, tx: Transaction, workspace: str, job: CommandJob) -> tuple[dict[str, Any], str | None]:
        given = job.environment
        if given is None:
            return {}, None
        if isinstance(given, str):
            found = assets.resolve(tx, workspace, given, AssetKind.ENVIRONMENT, field="environment")
        elif given.image or given.conda_file or given.build:
            found = assets.create(tx, workspace, AssetKind.ENVIRONMENT, given, anonymous=True)
        else:
            raise InvalidInput(
                "The environment has neither an image nor requirements.",
                field="environment",
                mend="write image:, conda_file: or build:, or refer to azureml:<name>:<version>",
            )
        definition = {key: value for key, value in found.to_dict().items() if key in ("image", "conda_file", "build")}
        definition = self._with_conda(tx, workspace, definition)
        self.environments.key(definition)  # refuses what no build could ever satisfy
        return definition, _asset_id(found)

    def _with_conda(self, tx: Transaction, workspace: str, definition: dict[str, Any]) -> dict[str, Any]:
        """The definition with its conda file read, when that is an address."""
        address = definition.get("conda_file")
        if not isinstance(address, str):
            return definition
        place = locate(tx, self.storage, workspace, address, field="environment.conda_file")
        try:
            body = yaml.safe_load(b"".join(place.store.open_read(place.path)))
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise InvalidInput(f"The conda file is not YAML: {error}", field="environment.conda_file") from error
        return {**definition, "conda_file": body}

    def _code(self, tx: Transaction, workspace: str, given: str | None) -> tuple[str | None, str | None]:
        """Address and asset of the code."""
        if given is None:
            return None, None
        parsed = parse_reference(given, field="code")
        if isinstance(parsed, AssetRef):
            code = cast(Code, assets.resolve(tx, workspace, parsed, AssetKind.CODE, field="code"))
            return code.path, str(code.id)
        if is_upload(given):
            made = assets.create(tx, workspace, AssetKind.CODE, Code(path=given), anonymous=True)
            return given, str(made.id)
        if isinstance(parsed, DatastoreUri | JobOutputUri | RunUri):
            return given, None
        raise _unreadable(parsed, "code")

    def _input(self, tx: Transaction, workspace: str, name: str, given: JobInput) -> PlannedInput:
        field = f"inputs.{name}"
        if not isinstance(given, Input):
            return PlannedInput(type="string", text=literal_text(given))
        if given.literal or given.type.literal:
            unset = given.value is None and given.default is None
            if unset and not given.optional:
                raise InvalidInput(f"The input '{name}' has no value.", field=field, mend="set its value")
            return PlannedInput(type=given.type.value, text=None if unset else literal_text(given))
        mode = given.mode.value if given.mode else "ro_mount"
        if given.path is None:
            if given.optional:
                return PlannedInput(type=given.type.value, mode=mode)
            raise InvalidInput(f"The input '{name}' has no path.", field=f"{field}.path", mend="set its path")
        type_, uri, asset = self._source(tx, workspace, given, f"{field}.path")
        return PlannedInput(type=type_, mode=mode, uri=uri, asset=asset)

    def _source(self, tx: Transaction, workspace: str, given: Input, field: str) -> tuple[str, str, str | None]:
        """Type, address and asset of what an input points at."""
        parsed = parse_reference(str(given.path), field=field)
        if isinstance(parsed, ModelUri):
            parsed = AssetRef(parsed.name, parsed.version, parsed.alias, "model")
        if isinstance(parsed, AssetRef):
            if parsed.kind == "model" or (parsed.kind is None and given.type.value in MODEL_TYPES):
                model = models.resolve(tx, workspace, parsed, field=field)
                return model.type.value, str(model.path), str(model.id)
            data = cast(Data, assets.resolve(tx, workspace, parsed, AssetKind.DATA, field=field))
            return str(data.type.value), str(data.path), str(data.id)
        if isinstance(parsed, DatastoreUri):
            tx.datastores.get(workspace, parsed.datastore)
        if isinstance(parsed, JobOutputUri):
            tx.jobs.get(workspace, parsed.job)
        if is_upload(str(given.path)) and given.type.value in DATA_TYPES:
            uploaded = Data(path=str(given.path), type=given.type.value)
            made = assets.create(tx, workspace, AssetKind.DATA, uploaded, anonymous=True)
            return given.type.value, str(given.path), str(made.id)
        if isinstance(parsed, DatastoreUri | JobOutputUri | RunUri | HttpUri):
            return given.type.value, str(given.path), None
        raise _unreadable(parsed, field)


def _check_satisfiable(demand: Resources, capacity: Resources, compute: str) -> None:
    checks = (
        ("cpus", demand.cpus, capacity.cpus),
        ("memory_bytes", demand.memory_bytes, capacity.memory_bytes),
        ("gpus", demand.gpus, capacity.gpus),
    )
    for name, wanted, there in checks:
        if wanted > there:
            raise InvalidInput(
                f"The job asks for {_amount(wanted, name)} and the compute '{compute}' has {_amount(there, name)}: "
                "it could never start.",
                field=f"resources.properties.{name}",
                mend="ask for less, for fewer nodes, or for a larger compute",
            )


def _amount(number: float, name: str) -> str:
    return f"{number / 2**30:.1f} GiB of memory" if name == "memory_bytes" else f"{number:g} {name}"


def _processes(distribution: Any, nodes: int) -> int:
    if isinstance(distribution, RayDistribution):
        raise Unsupported(
            "The distribution 'ray' needs an attached Ray compute.", field="distribution", mend="use pytorch or mpi"
        )
    if isinstance(distribution, TensorFlowDistribution):
        return (distribution.worker_count or nodes) + distribution.parameter_server_count
    if isinstance(distribution, MpiDistribution | PyTorchDistribution):
        return nodes * (distribution.process_count_per_instance or 1)
    return 1


def _output(tx: Transaction, workspace: str, job: str, name: str, given: Output) -> PlannedOutput:
    field = f"outputs.{name}.path"
    scope = {"name": job, "output_name": name, "default_datastore": BLOB_DATASTORE}
    default = f"azureml://datastores/{BLOB_DATASTORE}/paths/azureml/{job}/{name}"
    address = substitute(given.path, scope, field=field) if given.path else default
    parsed = parse_reference(address, field=field)
    if not isinstance(parsed, DatastoreUri):
        raise InvalidInput(
            f"'{address[:200]}' is not a place in a datastore.",
            field=field,
            mend="write azureml://datastores/<datastore>/paths/<path>, or leave the path out",
        )
    if parsed.workspace not in (None, workspace):
        raise InvalidInput(f"'{address[:200]}' is in another workspace.", field=field)
    tx.datastores.get(workspace, parsed.datastore)
    if given.name is None and given.version is not None:
        raise InvalidInput("An output with a version needs a name.", field=f"outputs.{name}.name")
    return PlannedOutput(
        type=given.type.value,
        mode=given.mode.value if given.mode else "rw_mount",
        uri=str(DatastoreUri(parsed.datastore, posixpath.normpath(parsed.path) if parsed.path else "")),
        own_place=job in parsed.path.split("/"),
        asset_name=given.name,
        asset_version=given.version,
        description=given.description,
    )


def _max_retries(properties: Mapping[str, str]) -> int:
    _check_spelling(properties)
    given = properties.get(MAX_RETRIES_PROPERTY, "0")
    if not given.isdigit() or int(given) > MAX_RETRIES:
        raise InvalidInput(
            f"'{given}' is not a number of retries.",
            field=f"properties.{MAX_RETRIES_PROPERTY}",
            mend=f"write 0 to {MAX_RETRIES}",
        )
    return int(given)


def _check_spelling(properties: Mapping[str, str]) -> None:
    known = [MAX_RETRIES_PROPERTY, RETRY_ON_PROPERTY]
    for name in properties:
        if name in WARM_PROPERTIES:
            mend = f"write it below {FIELD} of the job or the trial"
            raise InvalidInput(f"'{name}' is a property of the resources.", field=f"properties.{name}", mend=mend)
        near = did_you_mean(name.removeprefix(_OWN), [own.removeprefix(_OWN) for own in known])
        if name.startswith(_OWN) and name not in known and near:
            mend = near.replace("'", f"'{_OWN}", 1)
            raise InvalidInput(f"There is no property '{name[:100]}'.", field=f"properties.{name[:100]}", mend=mend)


def _retry_on(properties: Mapping[str, str]) -> Any:
    given = [word.strip() for word in properties.get(RETRY_ON_PROPERTY, "failure,lost").split(",")]
    if not set(given) <= {"failure", "lost"}:
        raise InvalidInput(
            f"'{properties[RETRY_ON_PROPERTY]}' is not a cause to retry.",
            field=f"properties.{RETRY_ON_PROPERTY}",
            mend="write failure, lost or both with a comma",
        )
    return tuple(given)


def _asset_id(asset: Asset) -> str | None:
    return asset.id if asset.version is not None else None


def _unreadable(reference: Reference, field: str) -> Exception:
    if isinstance(reference, LocalPath):
        return InvalidInput(
            f"'{str(reference)[:200]}' is a path on somebody's machine.",
            field=field,
            mend="upload it first (the CLI and the SDK do), or name a datastore: azureml://datastores/<name>/paths/...",
        )
    if isinstance(reference, RegistryRef):
        return Unsupported(f"'{reference}': there is no registry '{reference.registry}' here.", field=field)
    return Unsupported(
        f"'{str(reference)[:200]}' cannot be read from here.",
        field=field,
        mend="register it as data, or attach the store as a datastore and use azureml://datastores/...",
    )
