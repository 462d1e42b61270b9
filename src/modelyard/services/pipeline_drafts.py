"""Nodes of a pipeline by themselves: their component read, the body of their job, their ports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from modelyard.domain.errors import Unsupported
from modelyard.domain.expressions import find, renamed, substitute
from modelyard.domain.job_io import Input
from modelyard.domain.pipeline_graph import Binding
from modelyard.domain.references import AssetRef, parse_reference
from modelyard.kinds.components import CommandComponent, ComponentInput, ComponentOutput, OutputType
from modelyard.kinds.pipeline import PipelineJob
from modelyard.kinds.pipeline_bindings import ParentInput, whole_target
from modelyard.kinds.pipeline_nodes import (
    AutoMLNode,
    CommandNode,
    JobNode,
    PipelineComponent,
    PipelineNode,
    SweepNode,
)
from modelyard.services import assets
from modelyard.services.components import component_of
from modelyard.store.records import AssetKind
from modelyard.store.transaction import Transaction

_RUN_FIELDS = ("code", "environment", "distribution", "limits", "queue_settings", "services", "identity")


@dataclass
class Ports:
    """Declared ports; None where the node's command is written in place and declares none."""

    inputs: Mapping[str, ComponentInput] | None
    outputs: Mapping[str, ComponentOutput]


@dataclass
class Draft:
    """A node on its way to a plan."""

    kind: str
    body: dict[str, Any]
    ports: Ports
    component: str | None = None
    deterministic: bool = True
    bindings: dict[str, Binding] = field(default_factory=dict)


class Drafts:
    """Makes the drafts of one pipeline. `inputs` are its own, as its nodes see them."""

    def __init__(self, tx: Transaction, workspace: str, job: PipelineJob, inputs: Mapping[str, Any]) -> None:
        self._tx = tx
        self._workspace = workspace
        self._job = job
        self._inputs = inputs

    def draft(self, node: Any) -> Draft:
        """A node on its way to a plan; Unsupported for a type that cannot run here."""
        match node:
            case CommandNode():
                return self._command(node)
            case SweepNode():
                return self._sweep(node)
            case PipelineNode():
                return self._nested(node)
            case AutoMLNode():
                return self._automl(node)
            case JobNode():
                raise Unsupported(f"Nodes of the type '{node.own_type()}' cannot run yet.", field="type")
        return Draft(str(getattr(node, "type", "")), {}, Ports(None, {}))

    def _command(self, node: CommandNode) -> Draft:
        body: dict[str, Any] = {"type": "command"}
        component = None
        if node.component is not None:
            component = component_of(self._tx, self._workspace, node.component, CommandComponent, field="component")
            body |= {key: value for key, value in component.to_dict().items() if key in (*_RUN_FIELDS, "resources")}
            body["command"] = component.command
            variables = {**component.environment_variables, **node.environment_variables}
        else:
            body["command"] = node.command
            variables = node.environment_variables
        own = self._substituted(node, (*_RUN_FIELDS, "resources"))
        body |= own
        if variables:
            body["environment_variables"] = dict(variables)
        self._pin_assets(body)
        deterministic = node.is_deterministic
        if deterministic is None:
            deterministic = component.is_deterministic if component else True
        ports = Ports(component.inputs, component.outputs) if component else Ports(None, {})
        return Draft("command", body, ports, self._reference(node.component, component), deterministic)

    def _sweep(self, node: SweepNode) -> Draft:
        trial = component_of(self._tx, self._workspace, node.trial, CommandComponent, field="trial")
        names = {f"inputs.{name}": f"search_space.{name}" for name in node.search_space}
        held = trial.to_dict()
        command: dict[str, Any] = {
            key: held[key] for key in ("code", "environment", "distribution", "resources") if key in held
        }
        command["command"] = renamed(trial.command, names)
        if trial.environment_variables:
            command["environment_variables"] = {
                key: renamed(text, names) for key, text in trial.environment_variables.items()
            }
        self._pin_assets(command)
        body = {"type": "sweep", "trial": command}
        fields = ("search_space", "sampling_algorithm", "objective", "early_termination", "limits", "queue_settings")
        body |= self._substituted(node, (*fields, "resources"))
        searched = {name: port for name, port in trial.inputs.items() if name not in node.search_space}
        return Draft(
            "sweep",
            body,
            Ports(searched, trial.outputs),
            self._reference(node.trial, trial),
            trial.is_deterministic,
        )

    def _nested(self, node: PipelineNode) -> Draft:
        component = component_of(self._tx, self._workspace, node.component, PipelineComponent, field="component")
        held = component.to_dict() if component.version is None else str(component.id)
        body: dict[str, Any] = {"type": "pipeline", "component": held}
        settings = self._job.settings.to_dict() | (node.settings or {})
        settings.setdefault("default_compute", node.compute or self.compute(None))
        body["settings"] = {key: value for key, value in settings.items() if value is not None}
        return Draft(
            "pipeline",
            body,
            Ports(component.inputs, component.outputs),
            self._reference(node.component, component),
            component.is_deterministic,
        )

    def _automl(self, node: AutoMLNode) -> Draft:
        body = {"type": "automl", **self.values(dict(node.model_extra or {}))}
        outputs = {"best_model": ComponentOutput(type=OutputType.MLFLOW_MODEL)}
        return Draft("automl", body, Ports(None, outputs))

    def _reference(self, given: Any, component: Any) -> str | None:
        return str(component.id) if isinstance(given, str) and component is not None else None

    def _pin_assets(self, body: dict[str, Any]) -> None:
        """Code and environment by version, so that a later one is another thing."""
        for key, kind in (("environment", AssetKind.ENVIRONMENT), ("code", AssetKind.CODE)):
            given = body.get(key)
            if isinstance(given, str) and given.startswith(("azureml:", "modelyard:")):
                reference = parse_reference(given, field=key)
                if isinstance(reference, AssetRef):
                    found = assets.resolve(self._tx, self._workspace, reference, kind, field=key)
                    body[key] = str(found.id) if found.version is not None else given

    def _substituted(self, node: Any, names: tuple[str, ...]) -> dict[str, Any]:
        """Fields of a node with the pipeline's literal inputs written into their texts."""
        held = node.to_dict()
        return {key: self.values(held[key]) for key in names if held.get(key) is not None}

    def values(self, value: Any) -> Any:
        """`value` with the pipeline's literal inputs written into its texts, at any depth."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {key: self.values(inner) for key, inner in value.items()}
        return [self.values(inner) for inner in value] if isinstance(value, list) else value

    def text(self, text: str) -> Any:
        """Literal inputs of the pipeline in place of their expressions; other expressions stay."""
        found = whole_target(text)
        if isinstance(found, ParentInput):
            given = self._inputs.get(found.name)
            literal = literal_of(given)
            return given.to_dict() if isinstance(given, Input) and literal is None else literal
        names = [expression.name for expression in find(text)]
        scope = {name: f"${{{{{name}}}}}" for name in names}
        for name in names:
            if name.startswith("parent.inputs."):
                scope[name] = str(literal_of(self._inputs.get(name.removeprefix("parent.inputs."))))
        return substitute(text, dict(scope)) if names else text

    def compute(self, given: str | None) -> str | None:
        """The compute of a node: its own, the pipeline's default, or None."""
        chosen = self.text(given) if given else None
        chosen = chosen or self._job.settings.default_compute or self._job.compute
        bare = str(chosen).removeprefix("azureml:").removeprefix("modelyard:") if chosen else None
        return None if bare == "serverless" else bare


def literal_of(value: Any) -> Any:
    """The literal of an input; None for a path and for what is unset."""
    if not isinstance(value, Input):
        return value
    if not value.literal:
        return None
    return value.value if value.value is not None else value.default
