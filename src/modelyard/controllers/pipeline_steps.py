"""One step of a pipeline: look at its nodes, decide, prepare what begins, write."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from modelyard.artifacts.storage import Storage
from modelyard.controllers.parent_log import ParentLog
from modelyard.controllers.pipeline_log import Chapter, story
from modelyard.domain.actions import Action, JobError, SetStatus, SkipNode, StartNode, StopNode, WakeAfter
from modelyard.domain.job_record import JobRecord, JobUpdate
from modelyard.domain.pipeline_graph import Graph, NodePhase
from modelyard.domain.pipeline_node import NodeRecord
from modelyard.domain.statuses import JobStatus
from modelyard.kinds.pipeline import PipelineView, decide
from modelyard.services.job_outputs import JobOutputs
from modelyard.services.jobs import Jobs
from modelyard.services.pipeline_nodes import Prepared, node_outputs, phase_of, pipeline_outputs, prepare
from modelyard.services.pipelines import submit_node, submit_reused
from modelyard.store.database import Database
from modelyard.store.repositories.runs import FAILED, FINISHED, KILLED
from modelyard.store.transaction import Transaction

RUN_STATUSES = {JobStatus.COMPLETED: FINISHED, JobStatus.FAILED: FAILED, JobStatus.CANCELED: KILLED}
# Nodes whose fate is known at once let others begin in the same step; this many are enough for one transaction.
NODES_A_STEP = 100


@dataclass
class PipelineMemory:
    """What is known of a pipeline between its steps: what its rows say."""

    graph: Graph
    nodes: dict[str, NodeRecord]

    @classmethod
    def load(cls, tx: Transaction, record: JobRecord) -> PipelineMemory:
        rows = tx.pipeline_nodes.of_pipeline(record.workspace, record.name)
        return cls(Graph.model_validate(record.state["graph"]), {row.instance: row for row in rows})

    def active(self) -> dict[str, NodeRecord]:
        """By name of the child job."""
        return {str(node.job_name): node for node in self.nodes.values() if node.phase is NodePhase.ACTIVE}


def advance(
    database: Database,
    record: JobRecord,
    memory: PipelineMemory,
    jobs: Jobs,
    outputs: JobOutputs,
    woken: Callable[[], None],
) -> tuple[bool, bool]:
    """Look, decide, write; (whether the lease held to the end, whether the pipeline is over)."""
    step = _Step(record, memory, outputs)
    with database.snapshot() as tx:
        step.observe(tx)
        step.decide(tx)
        told = story(record, step.chapter(), tx.now)
    log = ParentLog(outputs.storage, record)
    if step.over:  # a reader of the log stops reading at the end that is committed
        log.append(told)
    with database.transaction(actor="server") as tx:
        applied = step.write(tx, jobs)
        tx.after_commit(woken)
    if not step.over:
        log.append(told)
    return applied, step.over


class LeaseLost(Exception):
    """Another controller has the pipeline: what this step prepared must not be written."""


@dataclass
class _Step:
    record: JobRecord
    memory: PipelineMemory
    outputs: JobOutputs
    ended: list[NodeRecord] = field(default_factory=list)
    begun: list[Prepared] = field(default_factory=list)
    skipped: list[NodeRecord] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    moves: list[SetStatus] = field(default_factory=list)
    wake_seconds: float | None = None
    over: bool = False

    def observe(self, tx: Transaction) -> None:
        """Children that have ended since the last look."""
        active = self.memory.active()
        for child in tx.jobs.ended(self.record.workspace, list(active)):
            node = active[child.name]
            plan = self.memory.graph.nodes[node.instance.partition(".")[0]]
            phase = phase_of(child.status)
            error = child.error or {}
            ended = replace(
                node,
                phase=phase,
                outputs=node_outputs(tx, self._storage, child, plan) if phase.succeeded else {},
                reason=str(error.get("message") or "") or node.reason,
                ended_at=child.ended_at or tx.now,
            )
            self.memory.nodes[node.instance] = ended
            self.ended.append(ended)

    def decide(self, tx: Transaction) -> None:
        """Ask the kind until nothing more is known at once: a node that is reused lets those behind it begin."""
        record = self.record
        while True:
            more = False
            for action in decide(record, self._view()):
                more = self._take(tx, action) or more
            if self.moves and self.moves[-1].status.terminal:
                self.over = True
                return
            if not more:
                return
            record = replace(record, status=self.moves[-1].status) if self.moves else record
            if len(self.begun) + len(self.skipped) >= NODES_A_STEP:
                self.wake_seconds = 0.0
                return

    def chapter(self) -> Chapter:
        """What this step is about to write, for the log."""
        return Chapter(
            nodes=self.memory.graph.nodes,
            ended=self.ended,
            begun=[self.memory.nodes[prepared.instance] for prepared in self.begun],
            skipped=self.skipped,
            last=self.moves[-1] if self.moves else None,
            known=self.memory.nodes,
        )

    def write(self, tx: Transaction, jobs: Jobs) -> bool:
        """Everything of this step in one transaction; nothing is kept when the lease was lost."""
        for node in self.ended:
            tx.pipeline_nodes.save(node)
        for node in self.skipped:
            tx.pipeline_nodes.create(node)
        for prepared in self.begun:
            made = self.memory.nodes[prepared.instance]
            if prepared.stands_in is not None:
                name = submit_reused(tx, jobs, self.record, prepared)
            else:
                name = submit_node(tx, jobs, self.record, prepared)
            self.memory.nodes[prepared.instance] = replace(made, job_name=name)
            tx.pipeline_nodes.create(self.memory.nodes[prepared.instance])
        for name in self.stopped:
            tx.jobs.request_cancel(self.record.workspace, name)
        if not tx.jobs.apply(self.record, *self._updates(tx)):
            raise LeaseLost(self.record.name)
        self._follow_run(tx)
        if self.over and self.record.parent_name:
            tx.jobs.wake(self.record.workspace, self.record.parent_name)
        return True

    @property
    def _storage(self) -> Storage:
        return self.outputs.storage

    def _view(self) -> PipelineView:
        nodes = self.memory.nodes
        failure = self.record.state.get("failure")
        return PipelineView(
            graph=self.memory.graph,
            phases={name: node.phase for name, node in nodes.items()},
            values={name: _texts(node.outputs) for name, node in nodes.items() if node.outputs},
            errors={name: node.reason for name, node in nodes.items() if node.reason},
            failure=JobError(**failure) if failure else None,
        )

    def _take(self, tx: Transaction, action: Action) -> bool:
        """Prepare one action; True when it settles something that others wait for."""
        match action:
            case SetStatus():
                self.moves.append(action)
            case StartNode():
                return self._begin(tx, action)
            case SkipNode():
                self._skip(action, tx.now)
                return True
            case StopNode():
                self.stopped.append(str(self.memory.nodes[action.instance].job_name))
            case WakeAfter():
                self.wake_seconds = action.seconds
        return False

    def _begin(self, tx: Transaction, action: StartNode) -> bool:
        prepared = prepare(
            tx,
            self._storage,
            self.record.workspace,
            self.memory.graph,
            self.memory.nodes,
            action.instance,
            action.node,
            previous=action.previous,
            item=action.item,
            anew=action.node in self.record.state.get("anew", ()),
        )
        earlier = prepared.stands_in
        self.begun.append(prepared)
        self.memory.nodes[action.instance] = NodeRecord(
            workspace=self.record.workspace,
            pipeline_name=self.record.name,
            instance=action.instance,
            phase=NodePhase.REUSED if earlier else NodePhase.ACTIVE,
            fingerprint=prepared.fingerprint,
            identity=dict(prepared.identity),
            outputs=earlier.outputs if earlier else {},
            reused_from=(earlier.reused_from or earlier.job_name) if earlier else None,
            ended_at=tx.now if earlier else None,
        )
        return earlier is not None

    def _skip(self, action: SkipNode, now: datetime) -> None:
        node = NodeRecord(
            workspace=self.record.workspace,
            pipeline_name=self.record.name,
            instance=action.node,
            phase=action.phase,
            outputs=self._loop_outputs(action.node) if action.phase.succeeded else {},
            reason=action.reason,
            ended_at=now,
        )
        self.memory.nodes[action.node] = node
        self.skipped.append(node)

    def _loop_outputs(self, name: str) -> dict[str, dict[str, Any]]:
        """Outputs of a loop: those of its body's last run."""
        loop = self.memory.graph.nodes[name].loop
        if loop is None:
            return {}
        runs = [node for node in self.memory.nodes if node.partition(".")[0] == loop.body and "." in node]
        last = max(runs, key=lambda run: int(run.rpartition(".")[2]), default=None)
        return dict(self.memory.nodes[last].outputs) if last else {}

    def _updates(self, tx: Transaction) -> list[JobUpdate]:
        updates = [_status_update(self.record, move, tx.now) for move in self.moves] or [JobUpdate()]
        changes: dict[str, Any] = {}
        if self.over and self.moves[-1].status is JobStatus.COMPLETED:
            plan = pipeline_outputs(self.memory.graph, self.memory.nodes)
            state = {**self.record.state, "plan": plan.model_dump(mode="json", exclude_defaults=True)}
            changes["state"] = state
            self.outputs.record(tx, replace(self.record, state=state))
        wake_at = None if self.wake_seconds is None else tx.now + timedelta(seconds=self.wake_seconds)
        return [*updates[:-1], replace(updates[-1], wake_at=wake_at, **changes)]

    def _follow_run(self, tx: Transaction) -> None:
        last = self.moves[-1].status if self.moves else None
        if last in RUN_STATUSES:
            tx.runs.end(self.record.run_id, RUN_STATUSES[last], tx.now)
        elif last is JobStatus.RUNNING:
            tx.runs.begin(self.record.run_id, tx.now)


def _texts(outputs: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    return {name: str(facts["value"]) for name, facts in outputs.items() if "value" in facts}


def _status_update(record: JobRecord, action: SetStatus, now: datetime) -> JobUpdate:
    started = now if action.status is JobStatus.RUNNING and record.started_at is None else None
    error = action.error.to_dict() if action.error else None
    return JobUpdate(status=action.status, started_at=started, error=error)
