"""What every job kind has: the base fields, resources, limits, identity and services."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, Tag, field_validator

from modelyard.domain.choices import JobPriority, JobTier
from modelyard.domain.entity import Entity, Part, read_only
from modelyard.domain.identity import JobIdentity
from modelyard.domain.job_io import Input, JobInput, Output
from modelyard.domain.unions import by_type

__all__ = ["Input", "Job", "JobInput", "JobService", "Output"]


class JobResourceConfiguration(Part):
    """What a job needs of its compute."""

    instance_count: int = Field(default=1, ge=1, le=100_000)
    """Nodes."""
    instance_type: str | None = None
    """A size of the compute."""
    properties: dict[str, Any] = Field(default_factory=dict)
    """Further needs by name: `cpus`, `memory_bytes` and `gpus` reserve them on a local compute; `modelyard.warm: true`
    forks a Python command from a process that has its imports loaded (`modelyard.warm_imports` lists them)."""
    locations: list[str] | None = None
    shm_size: str | None = None
    """Shared memory of a container, such as `2g`."""
    docker_args: str | list[str] | None = None
    max_instance_count: int | None = Field(default=None, ge=1)


class QueueSettings(Part):
    """Its place in the queue."""

    job_tier: JobTier | None = None
    priority: JobPriority | None = None


class CommandJobLimits(Part):
    """Walls of a command job."""

    timeout: int | None = Field(default=None, ge=1, le=1_000_000_000)
    """Seconds after which the job is stopped."""


class MpiDistribution(Part):
    """Start by MPI."""

    type: Literal["mpi"] = "mpi"
    process_count_per_instance: int | None = Field(default=None, ge=1)


class PyTorchDistribution(Part):
    """One process per rank with MASTER_ADDR, RANK, WORLD_SIZE and LOCAL_RANK."""

    type: Literal["pytorch"] = "pytorch"
    process_count_per_instance: int | None = Field(default=None, ge=1)


class TensorFlowDistribution(Part):
    """One process per worker with TF_CONFIG."""

    type: Literal["tensorflow"] = "tensorflow"
    parameter_server_count: int = Field(default=0, ge=0)
    worker_count: int | None = Field(default=None, ge=1)


class RayDistribution(Part):
    """A Ray head and workers for the time of the job."""

    type: Literal["ray"] = "ray"
    port: int | None = None
    address: str | None = None
    include_dashboard: bool | None = None
    dashboard_port: int | None = None
    head_node_additional_args: str | None = None
    worker_node_additional_args: str | None = None


Distribution = Annotated[
    Annotated[MpiDistribution, Tag("<mpi>")]
    | Annotated[PyTorchDistribution, Tag("<pytorch>")]
    | Annotated[TensorFlowDistribution, Tag("<tensorflow>")]
    | Annotated[RayDistribution, Tag("<ray>")],
    by_type(),
]


class JobService(Part):
    """A server inside the job, or an address of the platform."""

    type: str | None = None
    port: int | None = None
    nodes: str | None = None
    properties: dict[str, Any] | None = None
    endpoint: str | None = read_only()
    status: str | None = read_only()
    error_message: str | None = read_only()
    log_dir: str | None = None
    """Of TensorBoard."""
    ssh_public_keys: str | None = None
    """Of SSH."""


class JupyterLabJobService(JobService):
    """JupyterLab inside the job."""

    type: str | None = "jupyter_lab"


class SshJobService(JobService):
    """A shell inside the job."""

    type: str | None = "ssh"


class TensorBoardJobService(JobService):
    """TensorBoard over the job's logs."""

    type: str | None = "tensor_board"


class VsCodeJobService(JobService):
    """VS Code inside the job."""

    type: str | None = "vs_code"


class JobError(Part):
    """Why a job failed: the first thing to show."""

    message: str = ""
    type: str | None = None
    where: str | None = None
    hint: str | None = None
    exit_code: int | None = None
    details: list[dict[str, Any]] | None = None


class Job(Entity):
    """A node of the tree of jobs."""

    type: str
    """The job kind."""
    display_name: str | None = None
    """The name to show; need not be unique."""
    experiment_name: str | None = None
    """The experiment that its run belongs to; the folder's name or `Default` when left out."""
    compute: str | None = None
    """The name of a compute; `local` when left out."""
    identity: JobIdentity | None = None
    services: dict[str, JobService] | None = None
    status: str | None = read_only()
    error: JobError | None = read_only()
    log_files: dict[str, str] | None = read_only()
    run_id: str | None = read_only()
    attempt: int | None = read_only()
    started_at: datetime | None = read_only()
    ended_at: datetime | None = read_only()
    archived: bool | None = read_only()

    @field_validator("compute", mode="before")
    @classmethod
    def _compute_name(cls, value: Any) -> Any:
        return compute_name(value) if isinstance(value, str) else value

    @property
    def studio_url(self) -> str | None:
        """Where the studio shows it."""
        studio = (self.services or {}).get("Studio")
        return studio.endpoint if studio else None


def compute_name(reference: str) -> str:
    """The bare name in `azureml:cpu-cluster`, a resource id or a bare name."""
    bare = reference.removeprefix("azureml:").removeprefix("modelyard:")
    return bare.rstrip("/").rsplit("/", 1)[-1] if bare.startswith("/") else bare
