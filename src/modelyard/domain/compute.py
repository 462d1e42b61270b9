"""Computes: named targets where tasks run."""

from __future__ import annotations

import builtins
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Literal, Self

from pydantic import Field

from modelyard.domain.choices import ComputeTier
from modelyard.domain.entity import Entity, Part, read_only
from modelyard.domain.families import member_of
from modelyard.domain.identity import IdentityConfiguration


class NetworkSettings(Part):
    vnet_name: str | None = None
    subnet: str | None = None
    public_ip_address: str | None = read_only()
    private_ip_address: str | None = read_only()


class AmlComputeSshSettings(Part):
    admin_username: str
    admin_password: str | None = Field(default=None, repr=False)
    ssh_key_value: str | None = None


class ComputeInstanceSshSettings(Part):
    ssh_key_value: str | None = None
    ssh_port: int | None = None
    admin_username: str | None = None


class VirtualMachineSshSettings(Part):
    admin_username: str
    admin_password: str | None = Field(default=None, repr=False)
    ssh_port: int = 22
    ssh_private_key_file: str | None = None


class Compute(Entity):
    """A place to run, under a name."""

    name_pattern: ClassVar[re.Pattern[str]] = re.compile(r"[a-zA-Z][a-zA-Z0-9_-]{0,62}")
    name_rule: ClassVar[str] = "letters, digits, '_' and '-', at most 63, beginning with a letter"

    type: str
    location: str | None = None
    resource_id: str | None = None
    provisioning_state: str | None = read_only()
    provisioning_errors: str | None = read_only()
    created_on: datetime | None = read_only()

    @classmethod
    def choose(cls, values: Mapping[str, Any]) -> builtins.type[Self]:
        return member_of(cls, values, noun="compute")


class LocalCompute(Compute):
    """The server's own machine, with what jobs may take of it."""

    type: Literal["local"] = "local"
    cpus: float | None = Field(default=None, gt=0)
    """Processor cores that jobs may use at once; all when left out."""
    memory_bytes: int | None = Field(default=None, gt=0)
    """Memory that jobs may use at once; all when left out."""
    gpus: int | None = Field(default=None, ge=0)
    """Accelerators that jobs may use at once; all when left out."""
    max_concurrent_jobs: int | None = Field(default=None, ge=1)
    """Jobs that run at once; as many as fit when left out."""


class AmlCompute(Compute):
    """An Azure ML cluster. Accepted, and run on the local machine with its sizes as limits."""

    type: Literal["amlcompute"] = "amlcompute"
    size: str | None = None
    tier: ComputeTier | None = None
    min_instances: int = Field(default=0, ge=0)
    max_instances: int = Field(default=4, ge=0)
    idle_time_before_scale_down: int = Field(default=120, ge=0)
    """Seconds."""
    ssh_public_access_enabled: bool | None = None
    ssh_settings: AmlComputeSshSettings | None = None
    network_settings: NetworkSettings | None = None
    identity: IdentityConfiguration | None = None
    enable_node_public_ip: bool = True


class ScriptReference(Part):
    path: str | None = None
    command: str | None = None
    timeout_minutes: int | str | None = None


class SetupScripts(Part):
    creation_script: ScriptReference | None = None
    startup_script: ScriptReference | None = None


class AssignedUserConfiguration(Part):
    user_tenant_id: str
    user_object_id: str


class ImageSettings(Part):
    reference: str


class EndpointsSettings(Part):
    target: int
    published: int
    name: str | None = None
    protocol: str | None = None


class VolumeSettings(Part):
    source: str
    target: str


class CustomApplications(Part):
    name: str
    type: str = "docker"
    image: ImageSettings | None = None
    endpoints: list[EndpointsSettings] | None = None
    environment_variables: dict[str, Any] | None = None
    bind_mounts: list[VolumeSettings] | None = None


class ComputeInstance(Compute):
    """A personal machine of Azure ML. Accepted and kept."""

    type: Literal["computeinstance"] = "computeinstance"
    size: str | None = None
    network_settings: NetworkSettings | None = None
    create_on_behalf_of: AssignedUserConfiguration | None = None
    ssh_settings: ComputeInstanceSshSettings | None = None
    ssh_public_access_enabled: bool | None = None
    schedules: dict[str, Any] | None = None
    identity: IdentityConfiguration | None = None
    idle_time_before_shutdown: str | None = None
    idle_time_before_shutdown_minutes: int | None = None
    custom_applications: list[CustomApplications] | None = None
    setup_scripts: SetupScripts | None = None
    enable_node_public_ip: bool = True
    enable_sso: bool = True
    enable_root_access: bool = True
    release_quota_on_stop: bool = False
    enable_os_patching: bool = False
    state: str | None = read_only()
    last_operation: dict[str, str] | None = read_only()
    services: list[dict[str, str]] | None = read_only()
    os_image_metadata: dict[str, Any] | None = read_only()


class KubernetesCompute(Compute):
    """An attached Kubernetes cluster."""

    type: Literal["kubernetes"] = "kubernetes"
    namespace: str = "default"
    # The only entity whose properties hold more than text.
    properties: dict[str, Any] = Field(default_factory=dict)
    identity: IdentityConfiguration | None = None


class VirtualMachineCompute(Compute):
    """An attached machine reached by SSH."""

    type: Literal["virtualmachine"] = "virtualmachine"
    ssh_settings: VirtualMachineSshSettings | None = None
    compute_location: str | None = read_only()


class AutoScaleSettings(Part):
    min_node_count: int | None = None
    max_node_count: int | None = None
    enabled: bool | None = None
    auto_scale_enabled: bool | None = None


class AutoPauseSettings(Part):
    delay_in_minutes: int | None = None
    enabled: bool | None = None
    auto_pause_enabled: bool | None = None


class SynapseSparkCompute(Compute):
    """An attached Spark pool."""

    type: Literal["synapsespark"] = "synapsespark"
    identity: IdentityConfiguration | None = None
    scale_settings: AutoScaleSettings | None = None
    auto_pause_settings: AutoPauseSettings | None = None
    node_family: str | None = read_only()
    node_size: str | None = read_only()
    node_count: int | None = read_only()
    spark_version: str | None = read_only()
