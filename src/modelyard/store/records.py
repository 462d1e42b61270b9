"""What the repositories return: frozen rows, one class a table (a job's is in `domain/job_record.py`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from modelyard.domain.events import Event
from modelyard.domain.statuses import ProvisioningState


class AssetKind(StrEnum):
    """Kinds kept in the asset tables. Models live in MLflow's tables: see `repositories/models.py`."""

    DATA = "data"
    ENVIRONMENT = "environment"
    COMPONENT = "component"
    CODE = "code"


class TokenKind(StrEnum):
    USER = "user"
    JOB = "job"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceRecord:
    id: int
    name: str
    display_name: str | None
    description: str | None
    subscription_id: str | None
    resource_group: str | None
    location: str | None
    spec: dict[str, Any]
    tags: dict[str, str]
    properties: dict[str, str]
    created_at: datetime
    modified_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRecord:
    """A bearer token without its secret. `workspace` None: valid in all of them."""

    id: int
    kind: TokenKind
    name: str
    actor: str
    role: str
    workspace: str | None
    job_name: str | None
    hint: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetRecord:
    """One immutable version of an asset. `tags`, `properties`, `description` and `archived` may change."""

    id: int
    workspace: str
    kind: AssetKind
    name: str
    version: str
    spec: dict[str, Any]
    description: str | None
    tags: dict[str, str]
    properties: dict[str, str]
    content_hash: str | None
    anonymous: bool
    archived: bool
    job_name: str | None
    created_at: datetime
    modified_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetContainer:
    """One row per name. `latest` is the newest version that is not archived, None when there is none."""

    id: int
    workspace: str
    kind: AssetKind
    name: str
    description: str | None
    tags: dict[str, str]
    properties: dict[str, str]
    archived: bool
    next_version: str
    created_at: datetime
    modified_at: datetime
    created_by: str
    latest: AssetRecord | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DatastoreRecord:
    """Where files live. Credentials are kept apart, encrypted: `datastores.credentials(...)`."""

    id: int
    workspace: str
    name: str
    kind: str
    spec: dict[str, Any]
    description: str | None
    tags: dict[str, str]
    properties: dict[str, str]
    is_default: bool
    has_credentials: bool
    created_at: datetime
    modified_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputeRecord:
    id: int
    workspace: str
    name: str
    kind: str
    spec: dict[str, Any]
    description: str | None
    tags: dict[str, str]
    properties: dict[str, str]
    created_at: datetime
    modified_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointRecord:
    """`spec_generation` counts what the user asked; `observed_generation` what the controller has done."""

    id: int
    workspace: str
    name: str
    spec: dict[str, Any]
    description: str | None
    tags: dict[str, str]
    properties: dict[str, str]
    auth_mode: str
    traffic: dict[str, int]
    mirror_traffic: dict[str, int]
    status: ProvisioningState
    state: dict[str, Any]
    error: dict[str, Any] | None
    primary_key_hash: str | None
    secondary_key_hash: str | None
    spec_generation: int
    observed_generation: int
    created_at: datetime
    modified_at: datetime
    created_by: str
    wake_at: datetime | None = None
    lease_owner: str | None = None
    lease_token: str | None = None
    lease_expires_at: datetime | None = None
    wake_count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentRecord:
    id: int
    workspace: str
    endpoint: str
    name: str
    spec: dict[str, Any]
    description: str | None
    tags: dict[str, str]
    properties: dict[str, str]
    status: ProvisioningState
    state: dict[str, Any]
    error: dict[str, Any] | None
    spec_generation: int
    observed_generation: int
    created_at: datetime
    modified_at: datetime
    created_by: str
    wake_at: datetime | None = None
    lease_owner: str | None = None
    lease_token: str | None = None
    lease_expires_at: datetime | None = None
    wake_count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvisioningUpdate:
    """What a controller changes in an endpoint or deployment; None stays as it is, except `wake_at`.

    As with `JobUpdate`: a wake-up or a new spec that arrives under the lease makes the row due at once.
    """

    status: ProvisioningState | None = None
    state: Mapping[str, Any] | None = None
    error: Mapping[str, Any] | None = None
    observed_generation: int | None = None
    wake_at: datetime | None = None
    release: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceRecord:
    """One scoring worker process of a deployment."""

    id: int
    workspace: str
    endpoint: str
    deployment: str
    name: str
    generation: int
    status: str
    handle: dict[str, Any]
    error: dict[str, Any] | None
    created_at: datetime
    modified_at: datetime


@dataclass(frozen=True, slots=True)
class EventRecord:
    """An event with its place in the stream: ids grow in the order of commits, and readers never miss one."""

    id: int
    event: Event


@dataclass(frozen=True, slots=True)
class LineageNode:
    """`kind` is data, model, environment, component, code, job, deployment; `version` is "" for what has none."""

    kind: str
    name: str
    version: str = ""


@dataclass(frozen=True, slots=True)
class LineageEdge:
    """`source` was needed for `target`; `relation` such as consumed, produced, registered, deployed."""

    source: LineageNode
    target: LineageNode
    relation: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class LineageGraph:
    nodes: list[LineageNode] = field(default_factory=list)
    edges: list[LineageEdge] = field(default_factory=list)
    truncated: bool = False
