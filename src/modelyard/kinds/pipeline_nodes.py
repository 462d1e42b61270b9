"""The nodes of a pipeline, as they are written; one class a `type`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, ConfigDict, Field, Tag

from modelyard.domain.entity import Part, Text, problem
from modelyard.domain.identity import JobIdentity
from modelyard.domain.job import CommandJobLimits, Distribution, JobResourceConfiguration, JobService, QueueSettings
from modelyard.domain.job_io import JobInput, Output
from modelyard.domain.online_deployment import EnvironmentOrReference
from modelyard.domain.search_policy import EarlyTermination, Objective, SamplingAlgorithmOrName
from modelyard.domain.search_space import SearchDistribution
from modelyard.domain.unions import MAPPING_OR_TEXT, by_type
from modelyard.kinds.components import (
    CommandComponentOrReference,
    Component,
    ComponentInput,
    ComponentOutput,
    OutputType,
)
from modelyard.kinds.pipeline_bindings import structure_problems
from modelyard.kinds.sweep import SweepJobLimits


class NodeOutput(Output):
    """Where a node writes; `type` may also be that of a literal."""

    type: OutputType | None = None  # type: ignore[assignment]


def _output_body(value: Any) -> Any:
    """`${{parent.outputs.y}}` written for the whole, and an empty body."""
    return {"path": value} if isinstance(value, str) else {} if value is None else value


NodeOutputPort = Annotated[NodeOutput, BeforeValidator(_output_body)]


class _Node(Part):
    """What every node that runs has."""

    inputs: dict[str, JobInput] = Field(default_factory=dict)
    """By name: a literal, a path, `${{parent.inputs.x}}` or `${{parent.jobs.a.outputs.b}}`."""
    outputs: dict[str, NodeOutputPort] = Field(default_factory=dict)
    """By name: `${{parent.outputs.y}}` to make it an output of the pipeline, or where it is written."""
    compute: str | None = None
    display_name: str | None = None
    description: str | None = None
    comment: str | None = None
    tags: dict[str, Text] = Field(default_factory=dict)
    properties: dict[str, Text] = Field(default_factory=dict)


class CommandNode(_Node):
    """A command component, or a command written in place."""

    local_paths: ClassVar[tuple[str, ...]] = ("code",)

    type: Literal["command"] = "command"
    component: CommandComponentOrReference | None = None
    command: str | None = None
    code: str | None = None
    environment: EnvironmentOrReference | None = None
    environment_variables: dict[str, Text] = Field(default_factory=dict)
    resources: JobResourceConfiguration | str | None = None
    distribution: Distribution | None = None
    limits: CommandJobLimits | None = None
    queue_settings: QueueSettings | None = None
    services: dict[str, JobService] | None = None
    identity: JobIdentity | None = None
    is_deterministic: bool | None = None

    def problems(self) -> Iterable[dict[str, str]]:
        if (self.component is None) == (self.command is None):
            mend = "write component: azureml:<name>:<version>, or command:"
            yield problem("component", "a command node has a component or a command", mend)


class SweepNode(_Node):
    """A sweep over a command component."""

    type: Literal["sweep"] = "sweep"
    trial: CommandComponentOrReference
    search_space: dict[str, SearchDistribution]
    sampling_algorithm: SamplingAlgorithmOrName = Field(
        default_factory=lambda: {"type": "random"}, validate_default=True
    )
    objective: Objective
    early_termination: EarlyTermination | None = None
    limits: SweepJobLimits
    queue_settings: QueueSettings | None = None
    resources: JobResourceConfiguration | None = None


class JobNode(_Node):
    """A job of another kind: its fields as that kind has them, with bindings where they hold data."""

    model_config = ConfigDict(extra="allow")


class AutoMLNode(JobNode):
    """An AutoML job; its winner is the output `best_model`."""

    type: Literal["automl"] = "automl"


class ParallelNode(JobNode):
    """A parallel step."""

    type: Literal["parallel"] = "parallel"


class SparkNode(JobNode):
    """A Spark application."""

    type: Literal["spark"] = "spark"


class ImportNode(JobNode):
    """Data brought in from outside."""

    type: Literal["import"] = "import"


class PipelineNode(_Node):
    """A pipeline component: a pipeline inside the pipeline."""

    type: Literal["pipeline"] = "pipeline"
    component: PipelineComponentOrReference
    settings: dict[str, Any] | None = None


class IfElseNode(Part):
    """Runs one of two blocks of nodes."""

    type: Literal["if_else"] = "if_else"
    condition: bool | str
    """true, false, or `${{parent.jobs.a.outputs.b}}` of a boolean output."""
    true_block: list[str] | str | None = None
    false_block: list[str] | str | None = None
    comment: str | None = None

    def problems(self) -> Iterable[dict[str, str]]:
        if not self.true_block and not self.false_block:
            yield problem("true_block", "neither block has a node", "write true_block: ${{parent.jobs.<node>}}")


class DoWhileLimits(Part):
    """A loop without a bound is refused."""

    max_iteration_count: int = Field(ge=1, le=1000)


class DoWhileNode(Part):
    """Runs its body again while the condition, a boolean output of the body, is true."""

    type: Literal["do_while"] = "do_while"
    body: str
    """`${{parent.jobs.<node>}}`."""
    condition: str
    """Name of the body's output, or `${{parent.jobs.<body>.outputs.<name>}}`."""
    mapping: dict[str, list[str] | str]
    """Output of one iteration -> inputs of the next."""
    limits: DoWhileLimits
    comment: str | None = None


class ParallelForNode(Part):
    """Runs its body once for each item, with the item's values as inputs."""

    type: Literal["parallel_for"] = "parallel_for"
    body: str
    items: dict[str, dict[str, Any]] | list[dict[str, Any]] | str
    """Mappings of input values, or the same as JSON text."""
    max_concurrency: int | None = Field(default=None, ge=1)
    outputs: dict[str, NodeOutputPort] = Field(default_factory=dict)
    comment: str | None = None


Node = Annotated[
    Annotated[CommandNode, Tag("<command>")]
    | Annotated[SweepNode, Tag("<sweep>")]
    | Annotated[AutoMLNode, Tag("<automl>")]
    | Annotated[ParallelNode, Tag("<parallel>")]
    | Annotated[SparkNode, Tag("<spark>")]
    | Annotated[ImportNode, Tag("<import>")]
    | Annotated[PipelineNode, Tag("<pipeline>")]
    | Annotated[IfElseNode, Tag("<ifelse>")]
    | Annotated[DoWhileNode, Tag("<dowhile>")]
    | Annotated[ParallelForNode, Tag("<parallelfor>")],
    by_type(default="command"),
]


class PipelineComponent(Component):
    """A pipeline with typed ports."""

    type: Literal["pipeline"] = "pipeline"
    jobs: dict[str, Node]
    outputs: dict[str, Annotated[ComponentOutput, BeforeValidator(_output_body)]] = Field(default_factory=dict)

    def problems(self) -> Iterable[dict[str, str]]:
        yield from super().problems()
        yield from node_name_problems(self.jobs)
        yield from structure_problems(self.jobs, self.inputs, self.outputs)


PipelineComponentOrReference = Annotated[
    Annotated[str, Tag("<text>")] | Annotated[PipelineComponent, Tag("<mapping>")], MAPPING_OR_TEXT
]


def node_name_problems(jobs: dict[str, Any]) -> Iterable[dict[str, str]]:
    """Names of nodes are words of expressions and parts of job names."""
    if not jobs:
        yield problem("jobs", "a pipeline needs at least one node", "write a job under jobs:")
    for name in jobs:
        if not name.isidentifier() or not name.isascii() or len(name) > 200:
            mend = "use lower-case letters, digits and '_', beginning with a letter"
            yield problem(f"jobs.{name[:60]}", f"'{name[:60]}' is not a name for a node", mend)


PipelineNode.model_rebuild()
PipelineComponent.model_rebuild()
__all__ = ["ComponentInput", "Node", "PipelineComponent"]
