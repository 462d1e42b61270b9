"""From a pipeline as it is written to the graph that runs: components read, ports checked, references pinned."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from modelyard.domain.choices import InputType
from modelyard.domain.errors import InvalidInput, did_you_mean
from modelyard.domain.job import Job
from modelyard.domain.job_io import Input
from modelyard.domain.pipeline_graph import Binding, BoundOutput, Condition, Graph, Loop, NodePlan
from modelyard.kinds.catalogue import parse
from modelyard.kinds.components import ComponentInput, OutputType
from modelyard.kinds.pipeline import PipelineJob
from modelyard.kinds.pipeline_bindings import (
    NodeInputRef,
    NodeOutputRef,
    ParentInput,
    ParentOutput,
    block,
    fed_inputs,
    loop_condition,
    node_of,
    path_of,
    whole_target,
)
from modelyard.kinds.pipeline_nodes import (
    DoWhileNode,
    IfElseNode,
    NodeOutput,
    ParallelForNode,
    PipelineComponent,
)
from modelyard.services.components import component_of
from modelyard.services.loop_items import loop_items
from modelyard.services.pipeline_drafts import Draft, Drafts
from modelyard.services.pipeline_inputs import Findings, Inputs
from modelyard.services.pipeline_types import flows, stand_in
from modelyard.store.transaction import Transaction

MAX_DEPTH = 16
Check = Callable[[Job], None]
"""Refuses a child job that could never run."""

_LABELS = ("display_name", "description", "tags", "properties")


def plan_pipeline(tx: Transaction, workspace: str, job: PipelineJob, check: Check, *, depth: int = 0) -> Graph:
    """The graph of a pipeline. InvalidInput holds every problem, each with its node and field."""
    if depth > MAX_DEPTH:
        raise InvalidInput(f"Pipelines are nested deeper than {MAX_DEPTH}.", field="jobs")
    return _Compiler(tx, workspace, job, check).graph()


class _Compiler:
    def __init__(self, tx: Transaction, workspace: str, job: PipelineJob, check: Check) -> None:
        self._tx = tx
        self._workspace = workspace
        self._job = job
        self._check = check
        self._findings = Findings()
        self._given = Inputs(tx, workspace, self._findings)
        self._checked: set[str] = set()
        component = None
        if job.component is not None:
            component = component_of(tx, workspace, job.component, PipelineComponent, field="component")
        self._jobs = dict(component.jobs if component else job.jobs)
        self._declared = component
        self._inputs = self._pipeline_inputs()
        self._made = Drafts(tx, workspace, job, self._inputs)
        self._drafts: dict[str, Draft] = {}
        self._bound: dict[str, BoundOutput] = {}

    def graph(self) -> Graph:
        for name, node in self._jobs.items():
            self._findings.guard(f"jobs.{name}", lambda name=name, node=node: self._draft(name, node))  # type: ignore[misc]
        self._findings.refuse()
        for name, node in self._jobs.items():
            self._findings.guard(f"jobs.{name}", lambda name=name, node=node: self._connect(name, node))  # type: ignore[misc]
        nodes = {name: self._plan(name, node) for name, node in self._jobs.items()}
        self._check_outputs()
        self._findings.refuse()
        for name, plan in nodes.items():
            self._findings.guard(f"jobs.{name}", lambda plan=plan: self._check_job(plan))  # type: ignore[misc]
        self._findings.refuse()
        settings = self._job.settings
        return Graph(
            nodes=nodes,
            outputs=self._bound,
            continue_on_failure=settings.continue_on_step_failure,
            force_rerun=settings.force_rerun,
            places=settings.max_concurrent_nodes,
        )

    def _draft(self, name: str, node: Any) -> None:
        self._drafts[name] = self._made.draft(node)

    # Inputs of the pipeline itself.

    def _pipeline_inputs(self) -> dict[str, Any]:
        given = {name: self._given.pinned(value, f"inputs.{name}") for name, value in self._job.inputs.items()}
        if self._declared is None:
            return given
        ports = self._declared.inputs
        for name in given:
            if name not in ports:
                mend = did_you_mean(name, ports) or f"its inputs: {', '.join(sorted(ports)) or 'none'}"
                self._findings.wrong(f"inputs.{name}", f"the component has no input '{name}'", mend)
        return {name: self._given.filled(name, port, given.get(name), "inputs") for name, port in ports.items()}

    # Nodes with each other.

    def _connect(self, name: str, node: Any) -> None:
        draft = self._drafts[name]
        if isinstance(node, IfElseNode | DoWhileNode | ParallelForNode):
            return
        self._connect_inputs(name, node, draft)
        if draft.kind == "automl":
            self._connect_body(draft)
        self._connect_outputs(name, node, draft)
        draft.body["compute"] = self._made.compute(node.compute)
        for key in _LABELS:
            value = getattr(node, key)
            if value:
                draft.body[key] = self._made.values(value)

    def _connect_inputs(self, name: str, node: Any, draft: Draft) -> None:
        inputs: dict[str, Any] = {}
        ports = draft.ports.inputs
        for port_name in node.inputs:
            if ports is not None and port_name not in ports:
                mend = did_you_mean(port_name, ports) or f"its inputs: {', '.join(sorted(ports)) or 'none'}"
                self._findings.wrong(
                    f"jobs.{name}.inputs.{port_name}", f"the component has no input '{port_name}'", mend
                )
        for port_name in ports if ports is not None else node.inputs:
            port = ports[port_name] if ports is not None else None
            value = node.inputs.get(port_name)
            pointed = whole_target(path_of(value))
            if isinstance(pointed, NodeOutputRef):
                self._bind(f"inputs.{port_name}", name, pointed, value, port, draft)
                continue
            concrete = self._concrete(value, pointed, f"jobs.{name}.inputs.{port_name}")
            if port is not None and not self._fed(name, port_name, value):
                concrete = self._given.filled(port_name, port, concrete, f"jobs.{name}.inputs")
            if concrete is not None:
                inputs[port_name] = _typed(concrete, port)
        if inputs:
            draft.body["inputs"] = inputs

    def _fed(self, name: str, port: str, value: Any) -> bool:
        """Whether a loop gives the input its value, so that none need be written."""
        for node in self._jobs.values():
            if value is None and isinstance(node, ParallelForNode) and node_of(node.body) == name:
                return any(port in item for item in loop_items(node, self._made.values(node.items)))
        return False

    def _concrete(self, value: Any, pointed: Any, place: str) -> Any:
        if isinstance(pointed, ParentInput):
            given = self._inputs.get(pointed.name)
            if isinstance(value, Input) and isinstance(given, Input):
                changes: dict[str, Any] = {"mode": value.mode} if value.mode is not None else {}
                return given.model_copy(update=changes)
            return given
        if isinstance(value, str):
            return self._made.text(value)
        return self._given.pinned(value, place)

    def _bind(
        self, key: str, name: str, pointed: NodeOutputRef, value: Any, port: ComponentInput | None, draft: Draft
    ) -> None:
        source = self._output_type(pointed, f"jobs.{name}.{key}")
        if source is None:
            return
        wanted = port.type.value if port else value.type.value if _has_type(value) else source
        if not flows(source, wanted):
            text = f"'{pointed.node}.{pointed.output}' is a {source}, and the input takes a {wanted}"
            self._findings.wrong(f"jobs.{name}.{key}", text, "change the type of one of the two ports")
            return
        mode = value.mode.value if isinstance(value, Input) and value.mode else None
        mode = mode or (port.mode.value if port and port.mode else None)
        draft.bindings[key] = Binding(node=pointed.node, output=pointed.output, type=wanted, mode=mode)

    def _connect_body(self, draft: Draft) -> None:
        """Bindings in the fields of a job of another kind, such as `training_data`."""
        for key, value in list(draft.body.items()):
            text = value.get("path") if isinstance(value, Mapping) else value
            pointed = whole_target(text)
            if isinstance(pointed, NodeOutputRef):
                source = self._output_type(pointed, key) or "uri_folder"
                wanted = str(value.get("type", source)) if isinstance(value, Mapping) else source
                draft.bindings[key] = Binding(node=pointed.node, output=pointed.output, type=wanted)
                del draft.body[key]

    def _output_type(self, pointed: NodeOutputRef, place: str) -> str | None:
        outputs = self._outputs_of(pointed.node)
        if pointed.output not in outputs:
            mend = did_you_mean(pointed.output, outputs) or f"its outputs: {', '.join(sorted(outputs)) or 'none'}"
            self._findings.wrong(place, f"the node '{pointed.node}' has no output '{pointed.output}'", mend)
            return None
        return outputs[pointed.output]

    def _outputs_of(self, name: str) -> dict[str, str]:
        node = self._jobs[name]
        if isinstance(node, ParallelForNode | DoWhileNode):
            return self._outputs_of(node_of(node.body))
        draft = self._drafts[name]
        found = {port: declared.type.value for port, declared in draft.ports.outputs.items()}
        for port, given in getattr(node, "outputs", {}).items():
            if given.type is not None:
                found[port] = given.type.value
            else:
                found.setdefault(port, self._bound_type(given) or "uri_folder")
        return found

    def _bound_type(self, given: NodeOutput) -> str | None:
        pointed = whole_target(given.path)
        if not isinstance(pointed, ParentOutput):
            return None
        if self._declared is not None:
            port = self._declared.outputs.get(pointed.name)
            return port.type.value if port else None
        wanted = self._job.outputs.get(pointed.name)
        return wanted.type.value if wanted and "type" in wanted.model_fields_set else None

    def _connect_outputs(self, name: str, node: Any, draft: Draft) -> None:
        outputs: dict[str, Any] = {}
        for port, kind in self._outputs_of(name).items():
            given = node.outputs.get(port)
            body: dict[str, Any] = {"type": "uri_file" if OutputType(kind).literal else kind}
            if given is not None:
                body |= {key: value for key, value in given.to_dict().items() if key in ("mode", "name", "version")}
                body |= self._placed(name, port, kind, given)
            outputs[port] = body
        if outputs and draft.kind != "pipeline":
            draft.body["outputs"] = outputs

    def _placed(self, name: str, port: str, kind: str, given: NodeOutput) -> dict[str, Any]:
        pointed = whole_target(given.path)
        if not isinstance(pointed, ParentOutput):
            return {"path": self._made.text(given.path)} if given.path else {}
        wanted = self._job.outputs.get(pointed.name)
        if pointed.name in self._bound:
            other = self._bound[pointed.name].node
            self._findings.wrong(f"jobs.{name}.outputs.{port}", f"'{other}' writes the output '{pointed.name}' already")
        self._bound[pointed.name] = BoundOutput(
            node=name,
            output=port,
            type=kind,
            asset_name=wanted.name if wanted else None,
            asset_version=wanted.version if wanted else None,
            description=wanted.description if wanted else None,
        )
        kept = wanted.to_dict() if wanted else {}
        return {key: kept[key] for key in ("path", "mode") if key in kept}

    def _check_outputs(self) -> None:
        declared = self._declared.outputs if self._declared else self._job.outputs
        for name in declared:
            if name not in self._bound:
                mend = f"write ${{{{parent.outputs.{name}}}}} as an output of a node"
                self._findings.wrong(f"outputs.{name}", f"no node writes the output '{name}'", mend)

    # Plans.

    def _plan(self, name: str, node: Any) -> NodePlan:
        draft = self._drafts[name]
        gate, branch, body_of = self._owner(name)
        return NodePlan(
            kind=draft.kind,
            job=_json(draft.body),
            bindings=draft.bindings,
            outputs=self._outputs_of(name) if draft.kind != "if_else" else {},
            deterministic=draft.deterministic,
            component=draft.component,
            gate=gate,
            branch=branch,
            body_of=body_of,
            condition=self._condition(name, node) if isinstance(node, IfElseNode) else None,
            loop=self._loop(name, node),
        )

    def _owner(self, name: str) -> tuple[str | None, bool, str | None]:
        for flow, node in self._jobs.items():
            if isinstance(node, IfElseNode):
                if name in block(node.true_block):
                    return flow, True, None
                if name in block(node.false_block):
                    return flow, False, None
            elif isinstance(node, DoWhileNode | ParallelForNode) and node_of(node.body) == name:
                return None, True, flow
        return None, True, None

    def _condition(self, name: str, node: IfElseNode) -> Condition:
        pointed = whole_target(node.condition)
        if isinstance(pointed, NodeOutputRef):
            kind = self._output_type(pointed, f"jobs.{name}.condition")
            if kind is not None and not OutputType(kind).literal:
                self._findings.wrong(f"jobs.{name}.condition", f"a condition is a boolean output, not a {kind}")
            return Condition(node=pointed.node, output=pointed.output)
        value = self._made.text(node.condition) if isinstance(node.condition, str) else node.condition
        if str(value).lower() not in ("true", "false"):
            self._findings.wrong(
                f"jobs.{name}.condition", f"'{value}' is neither true nor false", "write true or false"
            )
        return Condition(value=str(value).lower() == "true")

    def _loop(self, name: str, node: Any) -> Loop | None:
        if isinstance(node, DoWhileNode):
            body = node_of(node.body)
            condition = loop_condition(node.condition)
            self._output_type(NodeOutputRef(body, condition), f"jobs.{name}.condition")
            feeds = fed_inputs(node.mapping)
            ports = self._drafts[body].ports.inputs
            for port, output in feeds.items():
                self._output_type(NodeOutputRef(body, output), f"jobs.{name}.mapping.{output}")
                if ports is not None and port not in ports:
                    self._findings.wrong(f"jobs.{name}.mapping.{output}", f"the body has no input '{port}'")
            return Loop(body=body, condition=condition, feeds=feeds, most=node.limits.max_iteration_count)
        if isinstance(node, ParallelForNode):
            items = tuple(loop_items(node, self._made.values(node.items)))
            return Loop(body=node_of(node.body), most=node.max_concurrency or max(1, len(items)), items=items)
        return None

    def _check_job(self, plan: NodePlan) -> None:
        """Everything else that could be known to fail, asked of the child job's own kind."""
        if not plan.job:
            return
        body = with_inputs(plan.job, {key: stand_in(binding.type) for key, binding in plan.bindings.items()})
        for item in self._items_of(plan):
            body["inputs"] = {**body.get("inputs", {}), **item}
        key = repr(sorted((name, value) for name, value in body.items() if name not in _LABELS))
        if key not in self._checked:
            self._checked.add(key)
            job = parse("job", body)
            assert isinstance(job, Job)
            self._check(job)

    def _items_of(self, plan: NodePlan) -> list[dict[str, Any]]:
        owner = self._jobs.get(plan.body_of or "")
        return loop_items(owner, self._made.values(owner.items))[:1] if isinstance(owner, ParallelForNode) else []


def with_inputs(body: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """A job's body with what other nodes wrote, by dotted place: `inputs.data`, `training_data`."""
    made = dict(body)
    for place, value in values.items():
        above, _, last = place.rpartition(".")
        if above:
            made[above] = {**made.get(above, {}), last: value}
        else:
            made[last] = value
    return made


def _has_type(value: Any) -> bool:
    return isinstance(value, Input) and "type" in value.model_fields_set


def _typed(value: Any, port: ComponentInput | None) -> Any:
    """An input as its port declares it."""
    if port is None or not isinstance(value, Input) or value.literal:
        return value
    changes: dict[str, Any] = {}
    if value.mode is None and port.mode is not None:
        changes["mode"] = port.mode
    if value.type is InputType.URI_FOLDER and port.type is not value.type:
        changes["type"] = port.type
    return value.model_copy(update=changes)


def _json(value: Any) -> Any:
    if isinstance(value, Input):
        return value.to_dict()
    if isinstance(value, Mapping):
        return {key: _json(inner) for key, inner in value.items()}
    return [_json(inner) for inner in value] if isinstance(value, list) else value


__all__ = ["NodeInputRef", "plan_pipeline", "with_inputs"]
