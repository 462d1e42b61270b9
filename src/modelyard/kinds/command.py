"""The command job: one command line on one compute."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Literal

from pydantic import Field

from modelyard.domain.entity import Text, problem, read_only
from modelyard.domain.expressions import check
from modelyard.domain.job import (
    CommandJobLimits,
    Distribution,
    Job,
    JobResourceConfiguration,
    QueueSettings,
)
from modelyard.domain.job_io import PATH_NAMES, JobInput, JobOutput, port_name_problems
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

    def problems(self) -> Iterable[dict[str, str]]:
        yield from super().problems()
        yield from port_name_problems("inputs", self.inputs)
        yield from port_name_problems("outputs", self.outputs)
        if not self.command.strip():
            yield problem("command", "the command is empty", "write what to run")
        known = [f"inputs.{name}" for name in self.inputs] + [f"outputs.{name}" for name in self.outputs]
        yield from check(self.command, known, field="command")
        for name, text in self.environment_variables.items():
            yield from check(text, known, field=f"environment_variables.{name}")
        for name, output in self.outputs.items():
            yield from check(output.path or "", PATH_NAMES, field=f"outputs.{name}.path")

    def set_limits(self, *, timeout: int) -> None:
        """Stop the job after `timeout` seconds."""
        self.limits = CommandJobLimits(timeout=timeout)

    def set_resources(self, **resources: Any) -> None:
        """Change some of the fields of `resources`."""
        before = self.resources.to_dict() if self.resources else {}
        self.resources = JobResourceConfiguration(**(before | resources))
