"""Every kind that a user can write, by the name of its schema."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from modelyard import kinds
from modelyard.domain.choices import squash
from modelyard.domain.code import Code
from modelyard.domain.compute import Compute
from modelyard.domain.data import Data
from modelyard.domain.datastore import Datastore
from modelyard.domain.entity import Entity
from modelyard.domain.environment import Environment
from modelyard.domain.errors import InvalidInput, NotFound, Unsupported, did_you_mean
from modelyard.domain.families import members
from modelyard.domain.job import Job
from modelyard.domain.model import Model
from modelyard.domain.online_deployment import OnlineDeployment
from modelyard.domain.online_endpoint import OnlineEndpoint
from modelyard.domain.workspace import Workspace
from modelyard.kinds.components import Component
from modelyard.kinds.pipeline_nodes import PipelineComponent
from modelyard.kinds.schedule import Schedule
from modelyard.kinds.subscription import Subscription
from modelyard.kit.registry import scan

# A family stands under its noun; a job kind under `<type>-job`.
NOUNS: Mapping[str, type[Entity]] = {
    "code": Code,
    "component": Component,
    "compute": Compute,
    "data": Data,
    "datastore": Datastore,
    "environment": Environment,
    "job": Job,
    "model": Model,
    "online-deployment": OnlineDeployment,
    "online-endpoint": OnlineEndpoint,
    "schedule": Schedule,
    "subscription": Subscription,
    "workspace": Workspace,
}


# Job types of Azure ML, squashed: known, and refused as such until their kind is here.
_OTHER_JOB_TYPES = frozenset({"parallel", "spark", "datatransfer", "import", "finetuning", "distillation"})


@cache
def job_kinds() -> Mapping[str, type[Job]]:
    """Job classes by their `type`, found by a scan of the package; the variants of one are not kinds of their own."""
    return {str(kind.own_type()): kind for kind in scan(kinds, Job) if "type" in kind.__annotations__}


def entity_class(kind: str, values: Mapping[str, Any]) -> type[Entity]:
    """The class that reads `values` as a `kind`: a noun such as `job` or `data`, or `command-job`."""
    kind = kind.replace("_", "-")
    by_type = job_kinds().get(kind.removesuffix("-job").replace("-", "_"))
    if by_type is not None:
        return by_type
    noun = NOUNS.get(kind)
    if noun is None:
        raise NotFound(f"there is no kind '{kind[:60]}'", mend=did_you_mean(kind, kind_names()))
    return _job_class(values) if noun is Job else noun.choose(values)


def _job_class(values: Mapping[str, Any]) -> type[Job]:
    given = values.get("type", "command")
    for name, kind in job_kinds().items():
        if isinstance(given, str) and squash(given) == squash(name):
            return kind
    if isinstance(given, str) and squash(given) in _OTHER_JOB_TYPES:
        raise Unsupported(f"jobs of type '{given}' are not supported by this version", field="type", mend=_listed())
    near = did_you_mean(str(given), job_kinds()) or _listed()
    raise InvalidInput(f"unknown job type '{str(given)[:60]}'", field="type", mend=near)


# Every kind of component is known once its module is imported.
COMPONENT_KINDS = (*members(Component),)
assert PipelineComponent in COMPONENT_KINDS


def _listed() -> str:
    return f"supported: {', '.join(sorted(job_kinds()))}"


def parse(kind: str, values: Mapping[str, Any]) -> Entity:
    """What a user wrote, as an entity; InvalidInput with every problem."""
    return entity_class(kind, values).from_dict(values)


def parse_stored(kind: str, values: Mapping[str, Any]) -> Entity:
    """What was stored or came from the server, as an entity; unknown keys are ignored.

    A job of a kind that is not known here is a plain Job.
    """
    try:
        chosen = entity_class(kind, values)
    except (InvalidInput, Unsupported):
        if kind != "job":
            raise
        chosen = Job
    return chosen.from_stored(values)


def kind_names() -> list[str]:
    """Every kind with a schema of its own."""
    return sorted([*(noun for noun in NOUNS if noun != "job"), *(f"{name}-job" for name in job_kinds())])
