"""Pipelines built by Python functions: components that are called become nodes of the pipeline being built."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any

from modelyard.domain.choices import InputType
from modelyard.domain.errors import InvalidInput, did_you_mean
from modelyard.domain.job_io import Input, Output
from modelyard.kinds.components import CommandComponent, Component, ComponentInput, ComponentOutput
from modelyard.kinds.pipeline import PipelineJob
from modelyard.kinds.pipeline_handles import BUILDING, Building, NodeHandle, NodeOutput, PipelineInput, plain
from modelyard.kinds.pipeline_nodes import PipelineComponent

_LITERALS: Mapping[type, InputType] = {
    bool: InputType.BOOLEAN,
    int: InputType.INTEGER,
    float: InputType.NUMBER,
    str: InputType.STRING,
}


def node_of_component(component: Component, inputs: Mapping[str, Any]) -> NodeHandle:
    """What calling a component makes."""
    for name in inputs:
        if name not in component.inputs:
            mend = did_you_mean(name, component.inputs) or f"its inputs: {', '.join(component.inputs) or 'none'}"
            raise InvalidInput(f"the component has no input '{name}'", field=f"inputs.{name}", mend=mend)
    known = f"azureml:{component.name}:{component.version}" if component.id and component.version else component
    kind = str(component.own_type())
    return NodeHandle({"type": kind, "component": known}, inputs, list(component.outputs))


def pipeline(
    func: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    version: str | None = None,
    display_name: str | None = None,
    description: str | None = None,
    experiment_name: str | None = None,
    tags: Mapping[str, str] | None = None,
    **settings: Any,
) -> Callable[..., Any]:
    """Make a function that builds a pipeline into one that returns its PipelineJob.

    Parameters of the function are inputs of the pipeline; what it returns, a mapping of names to outputs of nodes,
    are its outputs; its local variables name the nodes. `compute` (or `default_compute`), `default_datastore`,
    `continue_on_step_failure` and `force_rerun` are settings. Called inside another such function it is a node.
    """

    def decorate(func: Callable[..., Any]) -> Callable[..., Any]:
        facts = {
            "display_name": display_name or func.__name__,
            "description": description or inspect.getdoc(func),
            "experiment_name": experiment_name,
            "tags": dict(tags or {}),
        }

        @functools.wraps(func)
        def build(*args: Any, **given: Any) -> Any:
            arguments = inspect.signature(func).bind(*args, **given)
            arguments.apply_defaults()
            nodes, outputs = _nodes_of(func, list(arguments.arguments))
            if BUILDING.get() is not None:
                inner = _component(name or func.__name__, version, func, arguments.arguments, nodes, outputs)
                return node_of_component(inner, _given(arguments.arguments))
            return _job(facts, settings, arguments.arguments, nodes, outputs)

        return build

    return decorate if func is None else decorate(func)


def condition(condition: Any, true_block: Any = None, false_block: Any = None) -> NodeHandle:
    """Run one of two blocks, each a node or a list of nodes, by a boolean output of a node."""
    return NodeHandle(
        {"type": "if_else", "condition": condition, "true_block": true_block, "false_block": false_block}, {}, []
    )


def do_while(
    body: NodeHandle, mapping: Mapping[Any, Any], condition: Any, max_iteration_count: int | None = None
) -> NodeHandle:
    """Run `body` again while `condition`, one of its outputs, is true; `mapping` feeds outputs to the next inputs."""
    limits = {"max_iteration_count": max_iteration_count} if max_iteration_count else None
    fed = {_port(output): [_port(name) for name in _listed(inputs)] for output, inputs in mapping.items()}
    return NodeHandle(
        {"type": "do_while", "body": body, "mapping": fed, "condition": _port(condition), "limits": limits}, {}, None
    )


def parallel_for(body: NodeHandle, items: Any, max_concurrency: int | None = None) -> NodeHandle:
    """Run `body` once for each item, a mapping of input values."""
    return NodeHandle(
        {"type": "parallel_for", "body": body, "items": items, "max_concurrency": max_concurrency}, {}, None
    )


@contextmanager
def _open() -> Iterator[Building]:
    opened = Building()
    token = BUILDING.set(opened)
    try:
        yield opened
    finally:
        BUILDING.reset(token)


def _nodes_of(func: Callable[..., Any], inputs: list[str]) -> tuple[dict[str, Any], dict[str, NodeOutput]]:
    """The nodes that `func` makes by name, written, and the outputs it returns."""
    with _open() as opened:
        returned, variables = _run(func, {name: PipelineInput(name) for name in inputs})
        _name(opened.nodes, variables)
        outputs = returned.items() if isinstance(returned, Mapping) else ()
        bound: dict[str, NodeOutput] = {}
        for port, output in outputs:
            if not isinstance(output, NodeOutput):
                raise InvalidInput(f"the output '{port}' is not an output of a node", field=f"outputs.{port}")
            bound[port] = output
            output.path = f"${{{{parent.outputs.{port}}}}}"
        return {str(node.name): _written(node) for node in opened.nodes}, bound


def _run(func: Callable[..., Any], arguments: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    """What `func` returns, and its local variables when it does."""
    code: CodeType = inspect.unwrap(func).__code__
    variables: dict[str, Any] = {}

    def watch(frame: FrameType, event: str, value: Any) -> None:
        if event == "return" and frame.f_code is code:
            variables.update(frame.f_locals)

    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        returned = func(**arguments)
    finally:
        sys.setprofile(before)
    return returned, variables


def _name(nodes: list[NodeHandle], variables: Mapping[str, Any]) -> None:
    """A node is named by its variable, else by its component and a number where that is taken."""
    for variable, value in variables.items():
        if isinstance(value, NodeHandle) and value.name is None:
            value.name = variable.lower()
    taken = {node.name for node in nodes}
    for node in nodes:
        if node.name is None:
            base = _base_name(node)
            free = (name for count in range(len(nodes) + 1) if (name := f"{base}_{count}" if count else base))
            node.name = next(name for name in free if name not in taken)
            taken.add(node.name)


def _base_name(node: NodeHandle) -> str:
    component = node.body.get("component") or node.body.get("trial")
    if isinstance(component, Component) and component.name:
        return component.name
    if isinstance(component, str):
        return component.removeprefix("azureml:").partition(":")[0]
    return str(node.body.get("type", "node"))


def _written(node: NodeHandle) -> dict[str, Any]:
    body = {key: _value(value) for key, value in node.body.items() if value is not None}
    if node.inputs:
        body["inputs"] = {name: _value(value) for name, value in node.inputs.items() if value is not None}
    outputs = {name: output.written() for name, output in node.outputs.items() if output.written()}
    if outputs:
        body["outputs"] = outputs
    return body


def _value(value: Any) -> Any:
    """What a user handed over, as it is written in YAML."""
    if isinstance(value, NodeOutput):
        return f"${{{{parent.jobs.{value.node.name}.outputs.{value.port}}}}}"
    if isinstance(value, NodeHandle):
        return f"${{{{parent.jobs.{value.name}}}}}"
    if isinstance(value, PipelineInput):
        return str(value)
    if isinstance(value, Component):
        return {key: inner for key, inner in value.to_dict().items() if key != "id"}
    if isinstance(value, Mapping):
        return {key: _value(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_value(inner) for inner in value]
    return plain(value)


def _port(value: Any) -> str:
    return value.port if isinstance(value, NodeOutput) else str(value)


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _given(arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in arguments.items() if value is not None}


def _job(
    facts: Mapping[str, Any],
    settings: Mapping[str, Any],
    arguments: Mapping[str, Any],
    nodes: Mapping[str, Any],
    outputs: Mapping[str, NodeOutput],
) -> PipelineJob:
    chosen = {("default_compute" if key == "compute" else key): value for key, value in settings.items()}
    body = {
        **{key: value for key, value in facts.items() if value},
        "settings": {key: value for key, value in chosen.items() if value is not None},
        "inputs": {name: plain(_asset(value)) for name, value in _given(arguments).items()},
        "outputs": {name: _output(output) for name, output in outputs.items()},
        "jobs": dict(nodes),
    }
    return PipelineJob.from_dict(body)


def _output(output: NodeOutput) -> dict[str, Any]:
    declared = _declared(output)
    kind = output.type or (declared.type.value if declared else "uri_folder")
    kind = "uri_file" if InputType(kind).literal else kind
    named = {key: value for key in ("name", "version") if (value := getattr(output, key)) is not None}
    return Output(type=kind, **named).to_dict()


def _declared(output: NodeOutput) -> ComponentOutput | None:
    component = output.node.body.get("component") or output.node.body.get("trial")
    return component.outputs.get(output.port) if isinstance(component, Component) else None


def _asset(value: Any) -> Any:
    """An asset that was read from the platform, as an input."""
    if isinstance(value, Input) or not hasattr(value, "version"):
        return value
    return Input(type=str(value.type), path=f"azureml:{value.name}:{value.version}")


def _component(
    name: str,
    version: str | None,
    func: Callable[..., Any],
    arguments: Mapping[str, Any],
    nodes: Mapping[str, Any],
    outputs: Mapping[str, NodeOutput],
) -> PipelineComponent:
    """A pipeline function that was called inside another: a component whose ports are told by how it was called."""
    ports = {key: _port_of(key, value, func) for key, value in _given(arguments).items()}
    declared = {key: _declared(output) or ComponentOutput() for key, output in outputs.items()}
    body = {
        "type": "pipeline",
        "name": name,
        "version": version,
        "inputs": {key: port.to_dict() for key, port in ports.items()},
        "outputs": {key: port.to_dict() for key, port in declared.items()},
        "jobs": dict(nodes),
    }
    return PipelineComponent.from_dict({key: value for key, value in body.items() if value is not None})


def _port_of(name: str, value: Any, func: Callable[..., Any]) -> ComponentInput:
    annotation = inspect.signature(func).parameters[name].annotation
    if isinstance(annotation, Input):
        return ComponentInput(type=annotation.type)
    if isinstance(value, NodeOutput):
        declared = _declared(value)
        return ComponentInput(type=InputType(declared.type.value) if declared else InputType.URI_FOLDER)
    if isinstance(value, Input):
        return ComponentInput(type=value.type)
    kind = _LITERALS.get(type(value)) or _LITERALS.get(_annotated(annotation), InputType.STRING)
    return ComponentInput(type=kind)


def _annotated(annotation: Any) -> type:
    if isinstance(annotation, str):
        return {"int": int, "float": float, "bool": bool, "str": str}.get(annotation, object)
    return annotation if isinstance(annotation, type) else object


__all__ = ["CommandComponent", "NodeHandle", "condition", "do_while", "parallel_for", "pipeline"]
