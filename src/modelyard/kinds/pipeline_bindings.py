"""What the expressions of a pipeline point at, and everything about them that can be checked without a server."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from modelyard.domain.entity import Part, problem
from modelyard.domain.errors import did_you_mean
from modelyard.domain.expressions import find, malformed
from modelyard.domain.job_io import Input
from modelyard.domain.pipeline_graph import Binding, Condition, Loop, NodePlan, cycle

_WHOLE = re.compile(r"^\s*\$\{\{\s*(?P<name>[^\s{}]+)\s*\}\}\s*$")


@dataclass(frozen=True)
class ParentInput:
    name: str


@dataclass(frozen=True)
class ParentOutput:
    name: str


@dataclass(frozen=True)
class NodeOutputRef:
    node: str
    output: str


@dataclass(frozen=True)
class NodeInputRef:
    node: str
    input: str


@dataclass(frozen=True)
class NodeRef:
    node: str


Target = ParentInput | ParentOutput | NodeOutputRef | NodeInputRef | NodeRef


def target(name: str) -> Target | None:
    """What `parent.inputs.x`, `parent.jobs.a.outputs.b` and the like point at; None for any other name."""
    match name.split("."):
        case ["parent", "inputs", *rest] if rest:
            return ParentInput(".".join(rest))
        case ["parent", "outputs", port]:
            return ParentOutput(port)
        case ["parent", "jobs", node, "outputs", port]:
            return NodeOutputRef(node, port)
        case ["parent", "jobs", node, "inputs", port]:
            return NodeInputRef(node, port)
        case ["parent", "jobs", node]:
            return NodeRef(node)
    return None


def whole_target(text: Any) -> Target | None:
    """The target of a text that is one expression and nothing else."""
    found = _WHOLE.match(text) if isinstance(text, str) else None
    return target(found["name"]) if found else None


def node_of(text: str) -> str:
    """The node of `${{parent.jobs.a}}`, or of its bare name."""
    found = whole_target(text)
    return found.node if isinstance(found, NodeRef) else text.strip()


def block(value: list[str] | str | None) -> list[str]:
    """The nodes of a block of an if_else."""
    texts = [value] if isinstance(value, str) else value or []
    return [node_of(text) for text in texts]


def loop_condition(text: str) -> str:
    """The output that a do_while looks at."""
    found = whole_target(text)
    return found.output if isinstance(found, NodeOutputRef) else text.strip()


def fed_inputs(mapping: Mapping[str, list[str] | str]) -> dict[str, str]:
    """Input of the next iteration -> output of the last."""
    found: dict[str, str] = {}
    for output, inputs in mapping.items():
        for text in [inputs] if isinstance(inputs, str) else inputs:
            bound = whole_target(text)
            found[bound.input if isinstance(bound, NodeInputRef) else text.strip()] = output
    return found


def texts(value: Any, field: str = "") -> Iterator[tuple[str, str]]:
    """Every text inside a part, by dotted field."""
    if isinstance(value, str):
        yield field, value
    elif isinstance(value, Part):
        for name in value.model_fields_set | set(value.model_extra or {}):
            yield from texts(getattr(value, name), f"{field}.{name}" if field else name)
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from texts(inner, f"{field}.{name}" if field else str(name))
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from texts(inner, f"{field}.{index}")


def structure_problems(
    jobs: Mapping[str, Part], inputs: Iterable[str], outputs: Iterable[str]
) -> Iterator[dict[str, str]]:
    """References to what is not there, loops without a body, cycles. Ports of components are not looked at."""
    known_inputs, known_outputs = set(inputs), set(outputs)
    found = False
    for name, node in jobs.items():
        for field, text in _outside_components(node):
            for wrong in _text_problems(text, jobs, known_inputs, known_outputs):
                found = True
                yield {**wrong, "field": f"jobs.{name}.{field}"}
        for wrong in _flow_problems(name, node, jobs):
            found = True
            yield wrong
    if found:
        return
    path = cycle({name: _sketch(name, node, jobs) for name, node in jobs.items()})
    if path is not None:
        text = f"the nodes {' -> '.join(path)} wait for each other"
        yield problem(f"jobs.{path[0]}", text, "remove one of the bindings between them")


def _outside_components(node: Part) -> Iterator[tuple[str, str]]:
    """Texts of a node, but not those of a component written in place, which has expressions of its own."""
    for name in node.model_fields_set | set(node.model_extra or {}):
        if name in ("component", "trial", "command"):
            continue
        yield from texts(getattr(node, name), name)


def _text_problems(
    text: str, jobs: Mapping[str, Part], inputs: set[str], outputs: set[str]
) -> Iterator[dict[str, str]]:
    for part in malformed(text):
        yield problem("", f"'{part}' is not an expression", "write ${{parent.inputs.<name>}}, without blanks")
    for expression in find(text):
        if expression.parts[0] != "parent":
            continue
        match target(expression.name):
            case ParentInput(name) if name not in inputs:
                yield _unknown(f"the pipeline has no input '{name}'", name, inputs)
            case ParentOutput(name) if name not in outputs:
                yield _unknown(f"the pipeline has no output '{name}'", name, outputs)
            case NodeOutputRef(node) | NodeInputRef(node) | NodeRef(node) if node not in jobs:
                yield _unknown(f"the pipeline has no node '{node}'", node, jobs)
            case None:
                mend = "write parent.inputs.<name>, parent.outputs.<name> or parent.jobs.<node>.outputs.<name>"
                yield problem("", f"'{expression.name}' points at nothing", mend)


def _unknown(message: str, name: str, known: Iterable[str]) -> dict[str, str]:
    names = sorted(known)
    listed = f"there are: {', '.join(names[:20])}" if names else "none is declared"
    return problem("", message, did_you_mean(name, names) or listed)


def _flow_problems(name: str, node: Part, jobs: Mapping[str, Part]) -> Iterator[dict[str, str]]:
    kind = getattr(node, "type", "")
    if kind == "if_else":
        for field in ("true_block", "false_block"):
            for inner in block(getattr(node, field)):
                yield from _member_problems(f"jobs.{name}.{field}", name, inner, jobs)
    elif kind in ("do_while", "parallel_for"):
        body = node_of(getattr(node, "body", ""))
        yield from _member_problems(f"jobs.{name}.body", name, body, jobs)


def _member_problems(field: str, flow: str, member: str, jobs: Mapping[str, Part]) -> Iterator[dict[str, str]]:
    if member not in jobs:
        yield {**_unknown(f"the pipeline has no node '{member}'", member, jobs), "field": field}
    elif member == flow:
        yield problem(field, f"'{flow}' cannot hold itself", "name another node")
    elif getattr(jobs[member], "type", "") in ("if_else", "do_while", "parallel_for"):
        mend = "put the inner one into a pipeline component, and name the node of that"
        yield problem(field, f"'{member}' is control flow itself", mend)
    else:
        owners = [name for name, node in jobs.items() if member in _members(node)]
        if len(owners) > 1 and flow != owners[0]:
            yield problem(field, f"'{member}' belongs to '{owners[0]}' already", "give each a node of its own")


def _members(node: Part) -> list[str]:
    kind = getattr(node, "type", "")
    if kind == "if_else":
        return [*block(getattr(node, "true_block", None)), *block(getattr(node, "false_block", None))]
    return [node_of(getattr(node, "body", ""))] if kind in ("do_while", "parallel_for") else []


def _sketch(name: str, node: Part, jobs: Mapping[str, Part]) -> NodePlan:
    """A node with its edges alone, for the search of cycles."""
    kind = str(getattr(node, "type", "command"))
    bindings: dict[str, Binding] = {}
    for field, text in _outside_components(node):
        for expression in find(text):
            pointed = target(expression.name)
            if isinstance(pointed, NodeOutputRef) and kind not in ("if_else", "do_while"):
                bindings[f"{field}:{expression.start}"] = Binding(node=pointed.node, output=pointed.output, type="")
    owner = next((flow for flow, other in jobs.items() if name in _members(other)), None)
    plan = NodePlan(kind=kind, bindings=bindings)
    if owner is not None and getattr(jobs[owner], "type", "") == "if_else":
        plan = plan.model_copy(update={"gate": owner})
    elif owner is not None:
        plan = plan.model_copy(update={"body_of": owner})
    if kind == "if_else":
        pointed = whole_target(getattr(node, "condition", None))
        if isinstance(pointed, NodeOutputRef):
            plan = plan.model_copy(update={"condition": Condition(node=pointed.node, output=pointed.output)})
    elif kind in ("do_while", "parallel_for"):
        plan = plan.model_copy(update={"loop": Loop(body=node_of(getattr(node, "body", "")))})
    return plan


def path_of(value: Any) -> Any:
    """The text that may be a binding in the value of an input."""
    return value.path if isinstance(value, Input) else value
