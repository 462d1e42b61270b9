"""A pipeline as it runs: nodes with everything known but what other nodes write, and the edges between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from functools import cached_property
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class NodePhase(StrEnum):
    ACTIVE = "active"
    """Its job was submitted and has not ended."""
    COMPLETED = "completed"
    REUSED = "reused"
    """An earlier run stands for it."""
    FAILED = "failed"
    CANCELED = "canceled"
    SKIPPED = "skipped"
    """Not to run: the other branch was taken, or what it needs did not come about."""

    @property
    def over(self) -> bool:
        return self is not NodePhase.ACTIVE

    @property
    def succeeded(self) -> bool:
        return self in (NodePhase.COMPLETED, NodePhase.REUSED)


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)


class Binding(_Frozen):
    """An input that another node of the pipeline writes."""

    node: str
    output: str
    type: str
    """Of the port that takes it."""
    mode: str | None = None


class Condition(_Frozen):
    """true, false, or what a node writes."""

    value: bool | None = None
    node: str | None = None
    output: str | None = None


class Loop(_Frozen):
    """What repeats a body: iterations one after the other, or items side by side."""

    body: str
    condition: str | None = None
    """Output of the body (do_while)."""
    feeds: dict[str, str] = Field(default_factory=dict)
    """Input of the next iteration -> output of the last (do_while)."""
    most: int = 1
    """Iterations at most (do_while), items at one time (parallel_for)."""
    items: tuple[dict[str, Any], ...] = ()
    """Input values, one mapping an instance (parallel_for)."""


class NodePlan(_Frozen):
    kind: str
    """`command`, `sweep`, `automl`, `pipeline`, `if_else`, `do_while`, `parallel_for`."""
    job: dict[str, Any] = Field(default_factory=dict)
    """The body of its job, but for the inputs in `bindings`."""
    bindings: dict[str, Binding] = Field(default_factory=dict)
    outputs: dict[str, str] = Field(default_factory=dict)
    """Type by name."""
    after: tuple[str, ...] = ()
    """Nodes that must be over before it, beyond those of the bindings."""
    deterministic: bool = True
    component: str | None = None
    """Reference of its component, where it has one."""
    gate: str | None = None
    """The if_else node that decides whether it runs."""
    branch: bool = True
    """The answer of the gate for which it runs."""
    condition: Condition | None = None
    """Of an if_else."""
    loop: Loop | None = None
    body_of: str | None = None
    """The loop that runs it: it does not run by itself."""

    @property
    def needs(self) -> set[str]:
        """Nodes that this one waits for."""
        found = {binding.node for binding in self.bindings.values()} | set(self.after)
        if self.gate is not None:
            found.add(self.gate)
        if self.condition is not None and self.condition.node is not None:
            found.add(self.condition.node)
        return found


class BoundOutput(_Frozen):
    """An output of the pipeline: the node and the output that write it."""

    node: str
    output: str
    type: str
    asset_name: str | None = None
    asset_version: str | None = None
    description: str | None = None


class Graph(_Frozen):
    """All of a pipeline. Kept once, in the state of its job."""

    nodes: dict[str, NodePlan]
    outputs: dict[str, BoundOutput] = Field(default_factory=dict)
    continue_on_failure: bool = False
    force_rerun: bool = False
    places: int = 64
    """Nodes that may be submitted and not over at one time."""

    @cached_property
    def order(self) -> tuple[str, ...]:
        """Every node after those it needs. ValueError for a cycle; see `cycle`."""
        found = list(_ordered(self.nodes))
        if len(found) != len(self.nodes):
            raise ValueError("the pipeline has a cycle")
        return tuple(found)


def cycle(nodes: Mapping[str, NodePlan]) -> list[str] | None:
    """A cycle as the names along it, the first again at its end; None where there is none."""
    left = set(nodes) - set(_ordered(nodes))
    if not left:
        return None
    path: list[str] = []
    at = min(left)
    while at not in path:
        path.append(at)
        at = min(need for need in effective_needs(nodes, at) if need in left)
    return [*path[path.index(at) :], at]


def effective_needs(nodes: Mapping[str, NodePlan], name: str) -> set[str]:
    """What `name` waits for; who runs for a loop waits for what the loop waits for, and the other way round."""
    plan = nodes[name]
    needs = plan.needs
    if plan.loop is not None and plan.loop.body in nodes:
        needs |= nodes[plan.loop.body].needs
    if plan.body_of is not None:
        needs |= nodes[plan.body_of].needs
    own = {name, plan.body_of, plan.loop.body if plan.loop else None}
    # What a body writes is known when its loop is over.
    return {nodes[need].body_of or need for need in needs if need in nodes} - own


def _ordered(nodes: Mapping[str, NodePlan]) -> Iterator[str]:
    waiting = {name: effective_needs(nodes, name) for name in nodes}
    users: dict[str, list[str]] = {}
    for name, needs in waiting.items():
        for need in needs:
            users.setdefault(need, []).append(name)
    free = [name for name, needs in waiting.items() if not needs]
    position = 0
    while position < len(free):
        name = free[position]
        position += 1
        yield name
        for user in users.get(name, ()):
            waiting[user].discard(name)
            if not waiting[user]:
                free.append(user)


def instance_name(node: str, index: int) -> str:
    """The name of one run of a loop's body: `train.1`, `train.2`."""
    return f"{node}.{index}"


def node_of_instance(instance: str) -> str:
    return instance.partition(".")[0]


def producer(graph: Graph, phases: Mapping[str, NodePhase], node: str) -> str:
    """The instance whose outputs stand for those of `node`: of a body, its last iteration that succeeded."""
    if node in phases:
        return node
    done = [name for name, phase in phases.items() if node_of_instance(name) == node and phase.succeeded]
    return max(done, key=lambda name: int(name.rpartition(".")[2]), default=node)


def first_lines(names: Sequence[str], most: int = 5) -> str:
    """Names in a sentence."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
