"""The pipeline job: a graph of nodes, each a child job."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from modelyard.domain.actions import Action, JobError, SetStatus, SkipNode, StartNode, StopNode, WakeAfter
from modelyard.domain.entity import Part, problem
from modelyard.domain.job import Job
from modelyard.domain.job_io import JobInput, Output, port_name_problems
from modelyard.domain.job_record import JobRecord
from modelyard.domain.pipeline_graph import (
    Graph,
    NodePhase,
    NodePlan,
    first_lines,
    instance_name,
    node_of_instance,
)
from modelyard.domain.statuses import JobStatus
from modelyard.kinds.pipeline_bindings import structure_problems
from modelyard.kinds.pipeline_nodes import Node, PipelineComponentOrReference, node_name_problems

STOP_CHECK_SECONDS = 5.0


class PipelineJobSettings(Part):
    """How the nodes run. Further keys are kept, as Azure ML keeps them."""

    model_config = ConfigDict(extra="allow")

    default_datastore: str | None = None
    default_compute: str | None = None
    continue_on_step_failure: bool = False
    """Whether nodes that need nothing of a failed one go on."""
    force_rerun: bool = False
    """Run every node, also where an earlier run could stand for it."""
    max_concurrent_nodes: int = Field(default=64, ge=1, le=1000)
    """Nodes that are submitted and not over at one time."""


def _empty_body(value: Any) -> Any:
    return {} if value is None else value


class PipelineJob(Job):
    """Jobs with edges between them: what one writes, another reads."""

    type: Literal["pipeline"] = "pipeline"
    settings: PipelineJobSettings = Field(default_factory=PipelineJobSettings)
    inputs: dict[str, JobInput] = Field(default_factory=dict)
    outputs: dict[str, Annotated[Output, BeforeValidator(_empty_body)]] = Field(default_factory=dict)
    jobs: dict[str, Node] = Field(default_factory=dict)
    """By name: its nodes."""
    component: PipelineComponentOrReference | None = None
    """A pipeline component, instead of `jobs`."""

    def problems(self) -> Iterable[dict[str, str]]:
        yield from super().problems()
        yield from port_name_problems("inputs", self.inputs)
        yield from port_name_problems("outputs", self.outputs)
        if self.component is not None and self.jobs:
            yield problem("component", "a pipeline has nodes under jobs or a component, not both", "remove one of them")
        elif self.component is None:
            yield from node_name_problems(self.jobs)
            yield from structure_problems(self.jobs, self.inputs, self.outputs)


@dataclass(frozen=True)
class PipelineView:
    """What a pipeline looks at when it decides. Instances of a loop's body are named `<node>.<n>`."""

    graph: Graph
    phases: Mapping[str, NodePhase]
    """By node or instance; what has not begun is not in it."""
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Texts of literal outputs, by instance."""
    errors: Mapping[str, str] = field(default_factory=dict)
    failure: JobError | None = None
    """Why nothing further can be submitted at all."""


def decide(job: JobRecord, view: PipelineView) -> list[Action]:
    """What to do about a pipeline now. Pure: the same record and view give the same actions."""
    if job.status.terminal:
        return []
    begun: list[Action] = [SetStatus(JobStatus.RUNNING)] if job.status is JobStatus.NOT_STARTED else []
    active = [name for name, phase in view.phases.items() if phase is NodePhase.ACTIVE]
    broken = [name for name, phase in view.phases.items() if phase in (NodePhase.FAILED, NodePhase.CANCELED)]
    if job.cancel_requested or view.failure or (broken and not view.graph.continue_on_failure):
        if active:
            return [*begun, *[StopNode(name) for name in active], WakeAfter(STOP_CHECK_SECONDS)]
        return [*begun, *_ended(job, view, broken)]
    step = _Step(view)
    actions = step.actions(view.graph.places - len(active))
    if actions:
        return [*begun, *actions]
    if active:
        return begun
    return [*begun, *_ended(job, view, broken)]


def _ended(job: JobRecord, view: PipelineView, broken: list[str]) -> list[Action]:
    if job.cancel_requested:
        return [SetStatus(JobStatus.CANCEL_REQUESTED), SetStatus(JobStatus.CANCELED)]
    if view.failure is not None:
        return [SetStatus(JobStatus.FAILED, view.failure)]
    if broken:
        reason = view.errors.get(broken[0])
        text = f"Of {len(view.graph.nodes)} nodes, {len(broken)} failed: {first_lines(broken)}."
        where = f"node {broken[0]}"
        hint = f"{broken[0]}: {reason}" if reason else f"Look at the job of the node '{broken[0]}'."
        return [SetStatus(JobStatus.FAILED, JobError("NodeFailed", text, where=where, hint=hint))]
    return [SetStatus(JobStatus.FINALIZING), SetStatus(JobStatus.COMPLETED)]


class _Step:
    """One look at all nodes in their order; a node whose fate is known counts for those behind it at once."""

    def __init__(self, view: PipelineView) -> None:
        self._view = view
        self._nodes = view.graph.nodes
        self._phases: dict[str, NodePhase | None] = dict(view.phases)
        self._instances: dict[str, list[str]] = {}
        for name in view.phases:
            self._instances.setdefault(node_of_instance(name), []).append(name)

    def actions(self, free: int) -> list[Action]:
        found: list[Action] = []
        started = 0
        for name in self._view.graph.order:
            plan = self._nodes[name]
            if name in self._phases or plan.body_of is not None:
                continue
            state = self._fate(name, plan)
            if isinstance(state, str):
                self._phases[name] = NodePhase.SKIPPED
                found.append(SkipNode(name, state))
            elif state:
                for action in self._begin(name, plan):
                    if isinstance(action, StartNode):
                        if started >= free:
                            break
                        started += 1
                    found.append(action)
        return found

    def _fate(self, name: str, plan: NodePlan) -> bool | str:
        """Whether a node may begin; a text says why it never will."""
        needs = plan.needs | (self._nodes[plan.loop.body].needs if plan.loop else set())
        for need in sorted(needs):
            source = self._nodes[need].body_of or need
            if source == name:
                continue
            phase = self._phases.get(source)
            if phase is None or not phase.over:
                return False
            if not phase.succeeded:
                return f"the node '{source}' was {phase.value}"
        if plan.gate is not None and self._answer(plan.gate) is not plan.branch:
            return f"the condition of '{plan.gate}' is {str(not plan.branch).lower()}"
        return True

    def _answer(self, gate: str) -> bool | None:
        condition = self._nodes[gate].condition
        if condition is None or condition.node is None:
            return None if condition is None else condition.value
        source = self._last(condition.node)
        return truth(self._view.values.get(source, {}).get(condition.output or ""))

    def _last(self, node: str) -> str:
        done = [name for name in self._instances.get(node, []) if self._succeeded(name)]
        return max(done, key=_index, default=node)

    def _succeeded(self, name: str) -> bool:
        phase = self._phases.get(name)
        return phase is not None and phase.succeeded

    def _begin(self, name: str, plan: NodePlan) -> Iterator[Action]:
        if plan.kind == "if_else":
            self._phases[name] = NodePhase.COMPLETED
            answer = self._answer(name)
            yield SkipNode(name, f"its condition is {str(answer).lower()}", NodePhase.COMPLETED)
        elif plan.kind == "do_while":
            yield from self._iterate(name, plan)
        elif plan.kind == "parallel_for":
            yield from self._spread(name, plan)
        else:
            yield StartNode(name, name)

    def _iterate(self, name: str, plan: NodePlan) -> Iterator[Action]:
        assert plan.loop is not None
        runs = sorted(self._instances.get(plan.loop.body, []), key=_index)
        if not runs:
            yield StartNode(plan.loop.body, instance_name(plan.loop.body, 1))
            return
        last = runs[-1]
        phase = self._phases[last]
        assert phase is not None
        if not phase.over:
            return
        if not phase.succeeded:
            self._phases[name] = NodePhase.SKIPPED
            yield SkipNode(name, f"its iteration '{last}' was {phase.value}")
        elif truth(self._view.values.get(last, {}).get(plan.loop.condition or "")) and len(runs) < plan.loop.most:
            yield StartNode(plan.loop.body, instance_name(plan.loop.body, len(runs) + 1), previous=last)
        else:
            self._phases[name] = NodePhase.COMPLETED
            yield SkipNode(name, f"it ended after {len(runs)} iterations", NodePhase.COMPLETED)

    def _spread(self, name: str, plan: NodePlan) -> Iterator[Action]:
        assert plan.loop is not None
        runs = self._instances.get(plan.loop.body, [])
        running = 0
        for run in runs:
            phase = self._phases[run]
            assert phase is not None
            if not phase.over:
                running += 1
            elif not phase.succeeded:
                self._phases[name] = NodePhase.SKIPPED
                yield SkipNode(name, f"its item '{run}' was {phase.value}")
                return
        for index in range(len(runs), len(plan.loop.items)):
            if running >= plan.loop.most:
                return
            running += 1
            yield StartNode(plan.loop.body, instance_name(plan.loop.body, index + 1), item=index)
        if not running:
            self._phases[name] = NodePhase.COMPLETED
            yield SkipNode(name, f"all {len(runs)} items are done", NodePhase.COMPLETED)


def truth(text: str | None) -> bool:
    """What a boolean output says."""
    return text is not None and text.strip().lower() in ("true", "1", "yes")


def _index(instance: str) -> int:
    number = instance.rpartition(".")[2]
    return int(number) if number.isdigit() else 0
