"""Components: commands and pipelines with typed ports, kept as versioned assets and used as nodes of pipelines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, Tag

from modelyard.domain.asset import Asset
from modelyard.domain.choices import Choice, InputOutputModes, InputType
from modelyard.domain.entity import Part, Text, problem
from modelyard.domain.expressions import check
from modelyard.domain.families import member_of
from modelyard.domain.job import CommandJobLimits, Distribution, JobResourceConfiguration
from modelyard.domain.job_io import port_name_problems
from modelyard.domain.online_deployment import EnvironmentOrReference
from modelyard.domain.unions import MAPPING_OR_TEXT
from modelyard.kit.deferred import deferred

if TYPE_CHECKING:
    from modelyard.kinds import pipeline_building, pipeline_handles
else:  # it knows components itself
    pipeline_building = deferred("modelyard.kinds.pipeline_building")


class OutputType(Choice):
    """What an output port may hold: files, or a value that is written as text into a file."""

    URI_FILE = "uri_file"
    URI_FOLDER = "uri_folder"
    MLTABLE = "mltable"
    CUSTOM_MODEL = "custom_model"
    MLFLOW_MODEL = "mlflow_model"
    TRITON_MODEL = "triton_model"
    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"

    @property
    def literal(self) -> bool:
        return InputType(self.value).literal


class ComponentInput(Part):
    """An input port."""

    type: InputType = InputType.URI_FOLDER
    mode: InputOutputModes | None = None
    default: bool | int | float | str | None = None
    optional: bool = False
    min: float | int | None = None
    max: float | int | None = None
    enum: list[Text] | None = None
    description: str | None = None

    def problems(self) -> Iterable[dict[str, str]]:
        if self.optional and self.default is not None:
            yield problem("default", "an optional input has no default", "remove optional or the default")
        if not self.type.literal and self.default is not None:
            yield problem("default", f"an input of type {self.type} has no default", "give a path where it is used")
        if self.default is not None:
            yield from ({**found, "field": "default"} for found in value_problems(self, self.default))


class ComponentOutput(Part):
    """An output port. One of a literal type is a file into which the command writes the value as text."""

    type: OutputType = OutputType.URI_FOLDER
    mode: InputOutputModes | None = None
    description: str | None = None
    is_control: bool | None = None
    """Whether conditions of a pipeline read it; any output of a literal type may be read."""
    early_available: bool | None = None


def _empty_body(value: Any) -> Any:
    return {} if value is None else value


ComponentPort = Annotated[ComponentInput, BeforeValidator(_empty_body)]
ComponentOutputPort = Annotated[ComponentOutput, BeforeValidator(_empty_body)]


class Component(Asset):
    """What every component has: its ports. A family told apart by `type`, `command` when left out."""

    local_paths: ClassVar[tuple[str, ...]] = ()

    display_name: str | None = None
    inputs: dict[str, ComponentPort] = Field(default_factory=dict)
    outputs: dict[str, ComponentOutputPort] = Field(default_factory=dict)
    is_deterministic: bool = True
    """Whether equal inputs give equal outputs, so that an earlier run may stand for a new one."""

    @classmethod
    def choose(cls, values: Mapping[str, Any]) -> type[Self]:
        return member_of(cls, values, noun="component", default="command")

    def __call__(self, **inputs: Any) -> pipeline_handles.NodeHandle:
        """A node of the pipeline that is being built, with these inputs."""
        return pipeline_building.node_of_component(self, inputs)

    def problems(self) -> Iterable[dict[str, str]]:
        yield from super().problems()
        yield from port_name_problems("inputs", self.inputs)
        yield from port_name_problems("outputs", self.outputs)


class CommandComponent(Component):
    """A command with typed ports."""

    local_paths: ClassVar[tuple[str, ...]] = ("code",)

    type: Literal["command"] = "command"
    command: str
    code: str | None = None
    environment: EnvironmentOrReference | None = None
    environment_variables: dict[str, Text] = Field(default_factory=dict)
    resources: JobResourceConfiguration | None = None
    distribution: Distribution | None = None
    limits: CommandJobLimits | None = None
    additional_includes: list[str] | None = None

    def problems(self) -> Iterable[dict[str, str]]:
        yield from super().problems()
        ports = [f"inputs.{name}" for name in self.inputs] + [f"outputs.{name}" for name in self.outputs]
        yield from check(self.command, ports, field="command")
        if self.additional_includes:
            mend = "put what the code needs into its folder, or link it there"
            yield problem("additional_includes", "further folders of code are not taken yet", mend)


class SparkComponent(Component):
    """A Spark application. Kept and shown; it runs where a Spark compute is attached."""

    local_paths: ClassVar[tuple[str, ...]] = ("code",)

    type: Literal["spark"] = "spark"
    code: str | None = None
    entry: dict[str, Any] | None = None
    py_files: list[str] | None = None
    jars: list[str] | None = None
    files: list[str] | None = None
    archives: list[str] | None = None
    conf: dict[str, Any] | None = None
    environment: EnvironmentOrReference | None = None
    args: str | None = None


def value_problems(port: ComponentInput, value: Any) -> Iterable[dict[str, str]]:
    """What is wrong with a literal for `port`: its type, its range, its choices. The `field` is empty."""
    number = _as_number(value) if port.type in (InputType.NUMBER, InputType.INTEGER) else None
    if port.type in (InputType.NUMBER, InputType.INTEGER) and number is None:
        yield problem("", f"'{value}' is not a {port.type}", "write a number")
        return
    if port.type is InputType.INTEGER and number is not None and number != int(number):
        yield problem("", f"'{value}' is not a whole number", "write a whole number")
    if port.type is InputType.BOOLEAN and str(value).lower() not in ("true", "false", "1", "0"):
        yield problem("", f"'{value}' is neither true nor false", "write true or false")
    if number is not None and port.min is not None and number < port.min:
        yield problem("", f"{value} is below the least value {port.min:g}", "write a larger number")
    if number is not None and port.max is not None and number > port.max:
        yield problem("", f"{value} is above the greatest value {port.max:g}", "write a smaller number")
    if port.enum is not None and str(value) not in port.enum:
        yield problem("", f"'{value}' is none of {', '.join(port.enum)}", f"one of {', '.join(port.enum)}")


def _as_number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


CommandComponentOrReference = Annotated[
    Annotated[str, Tag("<text>")] | Annotated[CommandComponent, Tag("<mapping>")], MAPPING_OR_TEXT
]
