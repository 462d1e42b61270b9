"""Jobs: submitted, found, changed and cancelled."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from modelyard.compute.local import machine_capacity
from modelyard.domain.compute import Compute, LocalCompute
from modelyard.domain.errors import Unsupported
from modelyard.domain.job import Job
from modelyard.domain.job_plan import JobPlan
from modelyard.domain.job_record import JobRecord
from modelyard.domain.pipeline_graph import Graph
from modelyard.domain.statuses import JobStatus
from modelyard.domain.task import Resources
from modelyard.kinds.automl import AutoMLJob
from modelyard.kinds.catalogue import job_kinds
from modelyard.kinds.command import CommandJob
from modelyard.kinds.pipeline import PipelineJob
from modelyard.kinds.sweep import SweepJob
from modelyard.kit.deferred import deferred
from modelyard.kit.ids import job_name
from modelyard.kit.paging import Page, PageOf
from modelyard.services import automl, computes, lineage
from modelyard.services.job_entities import concrete_outputs, entity
from modelyard.services.job_planning import Planner
from modelyard.services.stored import spec_of
from modelyard.store.records import ComputeRecord
from modelyard.store.repositories.jobs import JobFilter, NewJob
from modelyard.store.transaction import Transaction

if TYPE_CHECKING:
    from modelyard.services import pipeline_plans, sweeps
else:  # the samplers' libraries wait until there is a sweep
    sweeps = deferred("modelyard.services.sweeps")
    pipeline_plans = deferred("modelyard.services.pipeline_plans")

AnyJob = CommandJob | SweepJob | AutoMLJob | PipelineJob
DEFAULT_EXPERIMENT = "Default"
PRIORITIES = {None: 20, "low": 10, "medium": 20, "high": 30}
# Kinds of compute that stand for the server's own machine here.
HOST_KINDS = frozenset({"local", "amlcompute", "computeinstance"})
PARENT_KINDS = frozenset({"sweep", "pipeline"})  # kinds whose controller is that of parents
_NOT_SUBMITTED = frozenset({"trial"})  # written down by their parents
_RUN_ID = re.compile(r"[a-zA-Z0-9][\w-]{0,31}")


@dataclass
class Jobs:
    """The use cases of jobs. `wake` is called after each commit that gave the controller of leaves something to do,
    `wake_parents` after one that concerns a sweep.
    """

    planner: Planner
    public_url: Callable[[], str]
    capacity: Resources = field(default_factory=machine_capacity)
    wake: Callable[[], None] = lambda: None
    wake_parents: Callable[[], None] = lambda: None

    def create(self, tx: Transaction, workspace: str, job: Job) -> Job:
        """Submit a job: its row, its run, its lineage and the event, all in this transaction.

        Everything that could be known to fail is refused here, with field and mend; Conflict for a name in use.
        """
        new, plan = self._submission(tx, workspace, job)
        record = tx.jobs.create(new)
        _record_lineage(tx, record, plan)
        _open_run(tx, record)
        self._wake_after(tx, record)
        return self.entity(record)

    def create_child(
        self, tx: Transaction, parent: JobRecord, job: Job, *, name: str, display_name: str | None = None
    ) -> JobRecord:
        """Submit a job as a child of `parent`, in its experiment and with its priority."""
        job.name = name
        job.experiment_name = parent.experiment_name
        new, plan = self._submission(tx, parent.workspace, job)
        shown = display_name or new.display_name
        record = tx.jobs.create(replace(new, parent_name=parent.name, display_name=shown, priority=parent.priority))
        _record_lineage(tx, record, plan)
        _open_run(tx, record)
        self._wake_after(tx, record)
        return record

    def create_ended_child(
        self,
        tx: Transaction,
        parent: JobRecord,
        body: Mapping[str, Any],
        *,
        name: str,
        display_name: str,
        properties: Mapping[str, str],
    ) -> JobRecord:
        """A child that completed without running, with its MLflow run; `body` is that of its job."""
        columns = {"type", "compute", "display_name", "description", "tags", "properties"}
        record = tx.jobs.create(
            NewJob(
                workspace=parent.workspace,
                name=name,
                run_id=_run_id(tx, name),
                kind=str(body["type"]),
                spec={key: value for key, value in body.items() if key not in columns},
                status=JobStatus.COMPLETED,
                experiment_name=parent.experiment_name,
                display_name=display_name,
                compute=str(body.get("compute") or parent.compute),
                priority=parent.priority,
                parent_name=parent.name,
                properties=dict(properties),
                started_at=tx.now,
                ended_at=tx.now,
                due_now=False,
            )
        )
        _open_run(tx, record)
        return record

    def validate(self, tx: Transaction, workspace: str, job: Job) -> Job:
        """What `create` would refuse, and nothing kept: the caller rolls the transaction back."""
        new, _ = self._submission(tx, workspace, job)
        body = {**job.to_dict(), **new.spec, "compute": new.compute, "name": new.name}
        return type(job).from_stored(body)

    def get(self, tx: Transaction, workspace: str, name: str) -> Job:
        """The job of that name or run id."""
        return self.entity(tx.jobs.get(workspace, name))

    def list_page(
        self,
        tx: Transaction,
        workspace: str,
        page: Page,
        filter: JobFilter | None = None,
        *,
        oldest_first: bool = False,
    ) -> PageOf[Job]:
        """Jobs, newest first unless asked otherwise."""
        tx.workspaces.get(workspace)
        return tx.jobs.list(workspace, page, filter, oldest_first=oldest_first).map(self.entity)

    def children(self, tx: Transaction, workspace: str, name: str, page: Page) -> PageOf[Job]:
        parent = tx.jobs.get(workspace, name)
        return tx.jobs.children(workspace, parent.name, page).map(self.entity)

    def edit(
        self,
        tx: Transaction,
        workspace: str,
        name: str,
        *,
        display_name: str | None = None,
        description: str | None = None,
        tags: Mapping[str, str] | None = None,
        properties: Mapping[str, str] | None = None,
        archived: bool | None = None,
    ) -> Job:
        """Change what belongs to the user; None stays."""
        record = tx.jobs.edit(
            workspace,
            name,
            display_name=display_name,
            description=description,
            tags=tags,
            properties=properties,
            archived=archived,
        )
        return self.entity(record)

    def cancel(self, tx: Transaction, workspace: str, name: str) -> Job:
        """Ask for the end of its whole process tree; a job that has ended stays as it is."""
        record = tx.jobs.request_cancel(workspace, name)
        self._wake_after(tx, record)
        return self.entity(record)

    def entity(self, record: JobRecord) -> Job:
        return entity(record, self.public_url())

    def _wake_after(self, tx: Transaction, record: JobRecord) -> None:
        tx.after_commit(self.wake_parents if record.kind in PARENT_KINDS else self.wake)

    def _submission(self, tx: Transaction, workspace: str, job: Job, depth: int = 0) -> tuple[NewJob, JobPlan]:
        """The row to write, and the plan whose inputs are its lineage."""
        tx.workspaces.get(workspace)
        target = computes.target(tx, workspace, job.compute)
        job.compute = target.name
        capacity = compute_capacity(target, self.capacity)
        if isinstance(job, CommandJob):
            return self._command(tx, workspace, job, capacity)
        if isinstance(job, SweepJob):
            return self._sweep(tx, workspace, job, capacity)
        if isinstance(job, AutoMLJob):
            return self._automl(tx, workspace, job, capacity)
        if isinstance(job, PipelineJob):
            return self._pipeline(tx, workspace, job, depth)
        known = ", ".join(sorted(set(job_kinds()) - _NOT_SUBMITTED))
        raise Unsupported(f"Jobs of the type '{job.type}' are not submitted.", field="type", mend=f"use one of {known}")

    def _command(self, tx: Transaction, workspace: str, job: CommandJob, capacity: Resources) -> tuple[NewJob, JobPlan]:
        if job.parent_job_name:
            tx.jobs.get(workspace, job.parent_job_name)
        name = job.name or job_name()
        plan = self.planner.plan(tx, workspace, name, job, capacity)
        return replace(self._leaf(tx, workspace, name, job, plan), parent_name=job.parent_job_name), plan

    def _automl(self, tx: Transaction, workspace: str, job: AutoMLJob, capacity: Resources) -> tuple[NewJob, JobPlan]:
        name = job.name or job_name()
        plan = automl.plan_automl(tx, workspace, name, job, self.planner, capacity)
        return self._leaf(tx, workspace, name, job, plan), plan

    def _leaf(self, tx: Transaction, workspace: str, name: str, job: CommandJob | AutoMLJob, plan: JobPlan) -> NewJob:
        ready = self.planner.environments.ready(plan.environment)
        return replace(
            _new_job(tx, workspace, name, job),
            spec=concrete_outputs(_spec(job), plan),
            status=JobStatus.QUEUED if ready else JobStatus.PREPARING,
            state={"plan": plan.model_dump(mode="json", exclude_defaults=True)},
            due_now=not ready,
        )

    def _sweep(self, tx: Transaction, workspace: str, job: SweepJob, capacity: Resources) -> tuple[NewJob, JobPlan]:
        plan = sweeps.plan_sweep(tx, workspace, job, self.planner, capacity)
        new = _new_job(tx, workspace, job.name or job_name(), job)
        return replace(new, status=JobStatus.NOT_STARTED, state=plan.to_state()), plan.trial

    def graph(self, tx: Transaction, workspace: str, job: PipelineJob, depth: int = 0) -> Graph:
        """The graph of a pipeline; InvalidInput with everything that is wrong with it."""
        return pipeline_plans.plan_pipeline(
            tx, workspace, job, lambda child: self._check(tx, workspace, child, depth + 1), depth=depth
        )

    def _pipeline(self, tx: Transaction, workspace: str, job: PipelineJob, depth: int) -> tuple[NewJob, JobPlan]:
        graph = self.graph(tx, workspace, job, depth)
        new = _new_job(tx, workspace, job.name or job_name(), job)
        state = {"graph": graph.model_dump(mode="json", exclude_defaults=True)}
        plan = JobPlan(inputs=self.planner.inputs(tx, workspace, job.inputs))
        return replace(new, status=JobStatus.NOT_STARTED, state=state), plan

    def _check(self, tx: Transaction, workspace: str, child: Job, depth: int) -> None:
        """What a node's job would be refused for."""
        self._submission(tx, workspace, child, depth)


def compute_capacity(target: ComputeRecord, machine: Resources) -> Resources:
    """What jobs on a compute may take together; Unsupported for a kind that has no backend here."""
    if target.kind not in HOST_KINDS:
        raise Unsupported(
            f"The compute '{target.name}' is of the type '{target.kind}', which cannot run jobs yet.",
            field="compute",
            mend="use the compute 'local'",
        )
    compute = Compute.from_stored({**target.spec, "type": target.kind, "name": target.name})
    if not isinstance(compute, LocalCompute):
        return machine
    return Resources(
        cpus=min(machine.cpus, compute.cpus or machine.cpus),
        memory_bytes=min(machine.memory_bytes, compute.memory_bytes or machine.memory_bytes),
        gpus=min(machine.gpus, machine.gpus if compute.gpus is None else compute.gpus),
    )


def _new_job(tx: Transaction, workspace: str, name: str, job: AnyJob) -> NewJob:
    return NewJob(
        workspace=workspace,
        name=name,
        run_id=_run_id(tx, name),
        kind=str(job.type),
        spec=_spec(job),
        experiment_name=job.experiment_name or DEFAULT_EXPERIMENT,
        display_name=job.display_name,
        description=job.description,
        compute=job.compute or "local",
        priority=_priority(job),
        tags=job.tags,
        properties=job.properties,
    )


def _spec(job: AnyJob) -> dict[str, object]:
    kept = spec_of(job)
    for column in ("display_name", "experiment_name", "compute", "type"):
        kept.pop(column, None)
    return kept


def _priority(job: AnyJob) -> int:
    settings = None if isinstance(job, PipelineJob) else job.queue_settings
    given = settings.priority if settings else None
    return PRIORITIES[given.value if given else None]


def _run_id(tx: Transaction, name: str) -> str:
    """The job's name where MLflow can take it and nobody has it, so that both are found by one word."""
    if not _RUN_ID.fullmatch(name) or tx.jobs.by_run_id(name) is not None:
        return uuid.uuid4().hex
    return name if not tx.runs.exists(name) else uuid.uuid4().hex


def _open_run(tx: Transaction, record: JobRecord) -> None:
    parent = tx.jobs.get(record.workspace, record.parent_name).run_id if record.parent_name else None
    tx.runs.create_for_job(
        record.workspace,
        record.experiment_name,
        record.run_id,
        record.display_name,
        parent_run_id=parent,
        user=record.created_by,
        tags={**record.tags, "modelyard.job": record.name},
    )


def _record_lineage(tx: Transaction, record: JobRecord, plan: JobPlan) -> None:
    sources = [planned.asset or planned.uri for planned in plan.inputs.values()]
    for reference in (*sources, plan.environment_asset, plan.code_asset):
        node = lineage.node_of(reference) if reference is not None else None
        if node is not None:
            lineage.record_consumed(tx, record.workspace, record.name, node)
