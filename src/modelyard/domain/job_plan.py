"""What a job will do, with every reference made concrete when it was submitted. Kept in the job's state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from modelyard.domain.task import Resources

MAX_RETRIES_PROPERTY = "modelyard.max_retries"
RETRY_ON_PROPERTY = "modelyard.retry_on"


class _Planned(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)


class PlannedInput(_Planned):
    """A literal has `text`, a path has `uri`; an optional input that was not set has neither."""

    type: str
    mode: str = "ro_mount"
    text: str | None = None
    uri: str | None = None
    asset: str | None = None
    """The versioned reference of the asset it came from, such as `azureml:iris:3`."""


class PlannedOutput(_Planned):
    """`asset_name` set: registered under it when the job completes."""

    type: str
    mode: str = "rw_mount"
    uri: str
    own_place: bool = True
    """The place belongs to this job alone, so that a retry may empty it."""
    asset_name: str | None = None
    asset_version: str | None = None
    description: str | None = None


class JobPlan(_Planned):
    cpus: float = 1.0
    memory_bytes: int = 0
    gpus: int = 0
    code: str | None = None
    code_asset: str | None = None
    environment: dict[str, Any] = Field(default_factory=dict)
    environment_asset: str | None = None
    inputs: dict[str, PlannedInput] = Field(default_factory=dict)
    outputs: dict[str, PlannedOutput] = Field(default_factory=dict)
    processes: int = 1
    nodes: int = 1
    max_retries: int = 0
    retry_on: tuple[Literal["failure", "lost"], ...] = ("failure", "lost")
    command: str | None = None
    """Of a kind whose users write none."""
    files: dict[str, str] = Field(default_factory=dict)
    """Texts that the task finds in its working directory, by name."""
    timeout_seconds: int | None = None
    grace_seconds: int | None = None
    """What a stopped task may take to end by itself."""
    required_metrics: tuple[str, ...] = ()
    """Metrics that the run must have logged by its end: a job that did not has failed."""
    warm: bool = False
    """Its command may be forked from a process that has its imports loaded."""
    warm_imports: tuple[str, ...] | None = None
    """What that process loads; None to find out from the script."""
    notes: tuple[str, ...] = ()

    @property
    def resources(self) -> Resources:
        return Resources(self.cpus, self.memory_bytes, self.gpus)

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> JobPlan:
        """The plan in a job's state."""
        return cls.model_validate(state.get("plan", {}))
