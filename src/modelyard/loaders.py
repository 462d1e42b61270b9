"""`load_job`, `load_data` and their family: entities from YAML, as in Azure ML's SDK."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any, TypeVar

from modelyard import yamlio
from modelyard.domain.code import Code
from modelyard.domain.compute import Compute
from modelyard.domain.data import Data
from modelyard.domain.datastore import Datastore
from modelyard.domain.entity import Entity
from modelyard.domain.environment import Environment
from modelyard.domain.job import Job
from modelyard.domain.model import Model
from modelyard.domain.online_deployment import OnlineDeployment
from modelyard.domain.online_endpoint import OnlineEndpoint
from modelyard.domain.workspace import Workspace
from modelyard.kinds.components import Component
from modelyard.kinds.schedule import Schedule

Source = str | Path | IO[str]
Overrides = Iterable[str | Mapping[str, Any]] | None
E = TypeVar("E", bound=Entity)


def load_job(source: Source, *, relative_origin: str | None = None, params_override: Overrides = None) -> Job:
    """A job of any kind from a YAML file."""
    return _load(Job, "job", source, relative_origin, params_override)


def load_data(source: Source, *, relative_origin: str | None = None, params_override: Overrides = None) -> Data:
    """Data from a YAML file."""
    return _load(Data, "data", source, relative_origin, params_override)


def load_model(source: Source, *, relative_origin: str | None = None, params_override: Overrides = None) -> Model:
    """A model from a YAML file."""
    return _load(Model, "model", source, relative_origin, params_override)


def load_environment(
    source: Source, *, relative_origin: str | None = None, params_override: Overrides = None
) -> Environment:
    """An environment from a YAML file."""
    return _load(Environment, "environment", source, relative_origin, params_override)


def load_component(
    source: Source, *, relative_origin: str | None = None, params_override: Overrides = None
) -> Component:
    """A component of any type from a YAML file. Called inside a `dsl.pipeline` function, it makes a node."""
    return _load(Component, "component", source, relative_origin, params_override)


def load_code(source: Source, *, relative_origin: str | None = None, params_override: Overrides = None) -> Code:
    """A code asset from a YAML file."""
    return _load(Code, "code", source, relative_origin, params_override)


def load_compute(source: Source, *, relative_origin: str | None = None, params_override: Overrides = None) -> Compute:
    """A compute of any type from a YAML file."""
    return _load(Compute, "compute", source, relative_origin, params_override)


def load_datastore(
    source: Source, *, relative_origin: str | None = None, params_override: Overrides = None
) -> Datastore:
    """A datastore of any type from a YAML file."""
    return _load(Datastore, "datastore", source, relative_origin, params_override)


def load_online_endpoint(
    source: Source, *, relative_origin: str | None = None, params_override: Overrides = None
) -> OnlineEndpoint:
    """An online endpoint from a YAML file: managed unless it names a compute."""
    return _load(OnlineEndpoint, "online-endpoint", source, relative_origin, params_override)


def load_online_deployment(
    source: Source, *, relative_origin: str | None = None, params_override: Overrides = None
) -> OnlineDeployment:
    """An online deployment from a YAML file: managed unless its type is kubernetes."""
    return _load(OnlineDeployment, "online-deployment", source, relative_origin, params_override)


def load_schedule(source: Source, *, relative_origin: str | None = None, params_override: Overrides = None) -> Schedule:
    """A schedule from a YAML file; its job may stand in it or in a file of its own."""
    return _load(Schedule, "schedule", source, relative_origin, params_override)


def load_workspace(
    source: Source, *, relative_origin: str | None = None, params_override: Overrides = None
) -> Workspace:
    """A workspace from a YAML file."""
    return _load(Workspace, "workspace", source, relative_origin, params_override)


def _load(base: type[E], kind: str, source: Source, origin: str | None, overrides: Overrides) -> E:
    loaded = yamlio.load(kind, source, overrides or (), origin=origin)
    if not isinstance(loaded, base):
        raise TypeError(f"a {kind} file gave a {type(loaded).__name__}")
    return loaded
