"""The command job: one command line on one compute."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from modelyard.domain.entity import Text, read_only
from modelyard.domain.job import (
    CommandJobLimits,
    Distribution,
    Job,
    JobResourceConfiguration,
    QueueSettings,
)
from modelyard.domain.job_io import JobInput, JobOutput
from modelyard.domain.online_deployment import EnvironmentOrReference


class CommandJob(Job):
    """Run a command in an environment, with named inputs and outputs."""

    local_paths: ClassVar[tuple[str, ...]] = ("code",)

    type: Literal["command"] = "command"
    command: str
    """A bash text; `${{inputs.x}}` and `${{outputs.y}}` are replaced."""
    code: str | None = None
    """A folder or file, uploaded and put into the working directory."""
    environment: EnvironmentOrReference | None = None
    """`azureml:<environment>:<version>`, or an inline environment; the server's own Python when left out."""
    environment_variables: dict[str, Text] = Field(default_factory=dict)
    inputs: dict[str, JobInput] = Field(default_factory=dict)
    """By name: literals, or what to read."""
    outputs: dict[str, JobOutput] = Field(default_factory=dict)
    """By name: what is written."""
    resources: JobResourceConfiguration | None = None
    distribution: Distribution | None = None
    """How several processes are started and find each other."""
    limits: CommandJobLimits | None = None
    queue_settings: QueueSettings | None = None
    parent_job_name: str | None = None
    parameters: dict[str, Any] | None = read_only()
