"""Online deployments: one model version with its code, environment, instances and probes."""

from __future__ import annotations

import builtins
import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, Tag

from modelyard.domain.choices import Enablement, RollingRate, squash
from modelyard.domain.entity import Entity, Part, Text, read_only
from modelyard.domain.environment import Environment
from modelyard.domain.model import Model
from modelyard.domain.unions import MAPPING_OR_TEXT, by_type

EnvironmentOrReference = Annotated[
    Annotated[str, Tag("<text>")] | Annotated[Environment, Tag("<mapping>")], MAPPING_OR_TEXT
]
ModelOrReference = Annotated[Annotated[str, Tag("<text>")] | Annotated[Model, Tag("<mapping>")], MAPPING_OR_TEXT]


class CodeConfiguration(Part):
    """The scoring script and the folder it stands in."""

    local_paths: ClassVar[tuple[str, ...]] = ("code",)
    positional: ClassVar[tuple[str, ...]] = ("code", "scoring_script")

    code: str | None = None
    """The folder."""
    scoring_script: str | None = None
    """The script in it, with `init()` and `run(data)`."""


class OnlineRequestSettings(Part):
    """Limits of one request."""

    positional: ClassVar[tuple[str, ...]] = (
        "max_concurrent_requests_per_instance",
        "request_timeout_ms",
        "max_queue_wait_ms",
    )

    request_timeout_ms: int = Field(default=5000, ge=1, le=180_000)
    max_concurrent_requests_per_instance: int = Field(default=1, ge=1)
    max_queue_wait_ms: int = Field(default=500, ge=0)


class ProbeSettings(Part):
    """How health is asked. Durations are seconds."""

    positional: ClassVar[tuple[str, ...]] = (
        "failure_threshold",
        "success_threshold",
        "timeout",
        "period",
        "initial_delay",
    )

    initial_delay: int = Field(default=10, ge=0)
    period: int = Field(default=10, ge=1)
    timeout: int = Field(default=2, ge=1)
    success_threshold: int = Field(default=1, ge=1)
    failure_threshold: int = Field(default=30, ge=1)


class DefaultScaleSettings(Part):
    """As many instances as `instance_count` says."""

    type: Literal["default"] = "default"


class TargetUtilizationScaleSettings(Part):
    """Instances follow the load."""

    type: Literal["target_utilization"] = "target_utilization"
    min_instances: int | None = Field(default=None, ge=0)
    max_instances: int | None = Field(default=None, ge=1)
    polling_interval: int | None = Field(default=None, ge=1)
    target_utilization_percentage: int | None = Field(default=None, ge=1, le=100)


ScaleSettings = Annotated[
    Annotated[DefaultScaleSettings, Tag("<default>")]
    | Annotated[TargetUtilizationScaleSettings, Tag("<targetutilization>")],
    by_type(),
]


class ResourceSettings(Part):
    """An amount of each resource, in Kubernetes' notation."""

    positional: ClassVar[tuple[str, ...]] = ("cpu", "memory", "gpu")

    cpu: Text | None = None
    memory: Text | None = None
    gpu: Text | None = None


class ResourceRequirementsSettings(Part):
    """What a container asks for and may take at most."""

    positional: ClassVar[tuple[str, ...]] = ("requests", "limits")

    requests: ResourceSettings | None = None
    limits: ResourceSettings | None = None


class DataAsset(Part):
    """Where collected data is kept."""

    data_id: str | None = None
    name: str | None = None
    path: str | None = None
    version: Text | None = None


DataAssetOrReference = Annotated[
    Annotated[str, Tag("<text>")] | Annotated[DataAsset, Tag("<mapping>")], MAPPING_OR_TEXT
]


class DeploymentCollection(Part):
    """One stream of collected data: model_inputs, model_outputs, request, response or a name of yours."""

    enabled: bool = True
    data: DataAssetOrReference | None = None
    client_id: str | None = None


class RequestLogging(Part):
    capture_headers: list[str] | None = None


class DataCollector(Part):
    """What of the traffic is kept."""

    collections: dict[str, DeploymentCollection]
    rolling_rate: RollingRate | None = None
    sampling_rate: float | None = Field(default=None, ge=0, le=1)
    request_logging: RequestLogging | None = None


_SHORT_CODE = (("code_path", "code"), ("scoring_script", "scoring_script"))


class OnlineDeployment(Entity):
    """One way to answer behind an endpoint."""

    name_pattern: ClassVar[re.Pattern[str]] = re.compile(r"[a-zA-Z]([-a-zA-Z0-9]{0,61}[a-zA-Z0-9])?")
    name_rule: ClassVar[str] = "letters, digits and '-', at most 63, beginning with a letter, not ending with '-'"
    local_paths: ClassVar[tuple[str, ...]] = ("model", "code_path")

    type: str
    endpoint_name: str | None = None
    """The endpoint it stands behind."""
    model: ModelOrReference | None = None
    """`azureml:<model>:<version>`, or an inline model."""
    code_configuration: CodeConfiguration | None = None
    """Not needed for an MLflow model."""
    environment: EnvironmentOrReference | None = None
    """Not needed for an MLflow model."""
    environment_variables: dict[str, Text] = Field(default_factory=dict)
    app_insights_enabled: bool = False
    scale_settings: ScaleSettings | None = None
    request_settings: OnlineRequestSettings | None = None
    liveness_probe: ProbeSettings | None = None
    readiness_probe: ProbeSettings | None = None
    instance_count: int | None = Field(default=None, ge=1)
    """Workers; 1 when left out."""
    instance_type: str | None = None
    model_mount_path: str | None = None
    data_collector: DataCollector | None = None
    provisioning_state: str | None = read_only()
    error: dict[str, Any] | None = read_only()
    instances: list[dict[str, Any]] | None = read_only()

    @classmethod
    def _spelled(cls, values: dict[str, Any]) -> dict[str, Any]:
        """`code_path` and `scoring_script` are the SDK's short form of the code configuration."""
        short = {name: values.pop(key, None) for key, name in _SHORT_CODE if key in values}
        if short:
            values.setdefault("code_configuration", short)
        return super()._spelled(values)

    @classmethod
    def choose(cls, values: Mapping[str, Any]) -> builtins.type[Self]:
        if cls is not OnlineDeployment:
            return cls
        kubernetes = squash(str(values.get("type", ""))) == "kubernetes"
        return KubernetesOnlineDeployment if kubernetes else ManagedOnlineDeployment  # type: ignore[return-value]


class ManagedOnlineDeployment(OnlineDeployment):
    """A deployment run by this platform's own workers."""

    type: Literal["managed"] = "managed"
    egress_public_network_access: Enablement | None = None
    private_network_connection: bool | None = None


class KubernetesOnlineDeployment(OnlineDeployment):
    """A deployment on an attached cluster."""

    type: Literal["kubernetes"] = "kubernetes"
    resources: ResourceRequirementsSettings | None = None
