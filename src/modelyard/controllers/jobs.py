"""The job controller: leases jobs, gathers facts, asks the kind what to do, and does it.

One thread decides; it is woken by commits, by ends of tasks and of builds, and never waits for either. Whatever it
does is decided by the rows and the task directories alone, so that a server that was killed at any point is followed
by one that goes on from there.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from pathlib import Path

from modelyard.artifacts.storage import run_folder
from modelyard.controllers.attention import Attention, Look
from modelyard.controllers.environment_builds import EnvironmentBuilds
from modelyard.controllers.job_queue import JobQueue, compute_key
from modelyard.controllers.job_steps import Effects, JobSteps, failed
from modelyard.controllers.loop import ControllerLoop
from modelyard.controllers.occupancy import Limit
from modelyard.domain.actions import Action, JobError, SetStatus
from modelyard.domain.errors import ModelyardError
from modelyard.domain.job_plan import JobPlan
from modelyard.domain.job_record import JobRecord, JobUpdate
from modelyard.domain.job_view import EnvironmentPhase, JobView
from modelyard.domain.statuses import JobStatus
from modelyard.domain.task import TaskObservation, TaskPhase
from modelyard.kinds import automl, command
from modelyard.ports.compute_backend import ComputeBackend
from modelyard.services.files import locate
from modelyard.store.database import Database
from modelyard.store.transaction import Transaction

logger = logging.getLogger(__name__)

# Kinds whose jobs are tasks; parents have controllers of their own.
DECIDERS: Mapping[str, Callable[[JobRecord, JobView], list[Action]]] = {
    "command": command.decide,
    "automl": automl.decide,
}
LEAF_KINDS = tuple(DECIDERS)
LEASE_SECONDS = 60.0
BATCH = 32
FOREIGN_HOST_SECONDS = 10.0
WITH_TASK = frozenset({JobStatus.STARTING, JobStatus.RUNNING, JobStatus.FINALIZING, JobStatus.CANCEL_REQUESTED})


@dataclass
class _Round:
    """One look: jobs decided within its transaction, and those that need more than the database to decide."""

    done: list[tuple[JobRecord, Effects]] = field(default_factory=list)
    later: list[JobRecord] = field(default_factory=list)
    admitted: set[int] = field(default_factory=set)


class JobController:
    """Give it `start()`, call `wake()` after commits that concern jobs, and `stop()`. Tasks outlive it."""

    def __init__(self, database: Database, backend: ComputeBackend, steps: JobSteps, machine: Limit) -> None:
        self._database = database
        self._backend = backend
        self._steps = steps
        self._owner = f"jobs@{steps.host}"
        self._loop = ControllerLoop("jobs", self._step)
        self._attention = Attention(self._loop.wake)
        self._queue = JobQueue(machine, self._is_ready)
        self._occupancy = self._queue.occupancy
        self._builds = EnvironmentBuilds(steps.environments, database.clock, self._attention.touch)
        self._watched: set[int] = set()
        self._one_by_one = False
        self._cleaning = ThreadPoolExecutor(max_workers=1, thread_name_prefix="task-cleaning")

    def start(self) -> None:
        """Take back what a former life of this server left, then begin."""
        with self._database.transaction(actor="server") as tx:
            tx.jobs.release(self._owner)
            tx.jobs.wake_active()
            for job in tx.jobs.with_status(list(WITH_TASK), kinds=LEAF_KINDS, limit=10_000):
                if self._is_here(job):
                    self._occupancy.take(job.id, compute_key(job), JobPlan.of(job.state).resources)
        self._attention.everything()
        self._loop.start()

    def wake(self) -> None:
        """Something about jobs was committed."""
        self._attention.everything()

    def stop(self) -> None:
        """Finish the step at hand. Tasks go on; the next server adopts them."""
        self._loop.stop()
        self._backend.close()
        self._builds.close()
        self._cleaning.shutdown(wait=True, cancel_futures=True)

    def step(self) -> None:
        """Decide about every job that needs it now: what the thread does, for tests without one."""
        self._attention.everything()
        self._step()

    def _step(self) -> float | None:
        look = self._attention.take() or Look(due=True, queue=True)  # now and then, whether woken or not
        while look:
            self._look(look)
            look = self._attention.take()
        return self._attention.wait_seconds()

    def _look(self, look: Look) -> None:
        this = _Round()
        try:
            with self._database.transaction(actor="server") as tx:
                self._decide_all(tx, look, this)
        except Exception as error:
            self._again_one_by_one(look, this, error)
            return
        self._one_by_one = False
        for job, effects in this.done:
            self._carry_out_safely(job, effects)
        for job in this.later:
            self._handle(job, fits=job.id in this.admitted)

    def _decide_all(self, tx: Transaction, look: Look, this: _Round) -> None:
        jobs = list(tx.jobs.lease_named(list(look.seen), self._owner, tx.now, LEASE_SECONDS)) if look.seen else []
        self._keep_held(look, jobs)
        if look.due:
            jobs += tx.jobs.lease_due(self._owner, tx.now, BATCH, LEASE_SECONDS, LEAF_KINDS)
        this.admitted |= self._queue.admit(tx, [job for job in jobs if job.status not in WITH_TASK])
        if look.queue or look.due:
            jobs += self._queue.take(tx, self._owner, LEASE_SECONDS, this.admitted)
        for job in jobs:
            view = None if self._one_by_one else self._known_view(job, look.seen, fits=job.id in this.admitted)
            effects = None if view is None else self._steps.apply(tx, job, view, DECIDERS[job.kind](job, view))
            if effects is None:
                this.later.append(job)
            else:
                this.done.append((job, effects))

    def _again_one_by_one(self, look: Look, this: _Round, error: Exception) -> None:
        """Nothing of the round was kept: look at its jobs again, each in a transaction of its own."""
        for job_id in this.admitted:
            self._occupancy.free(job_id)
        for job_id in look.seen:
            self._attention.touch(job_id)
        self._attention.everything()
        if self._one_by_one or (isinstance(error, ModelyardError) and error.status == 503):
            raise error
        self._one_by_one = True

    def _known_view(self, job: JobRecord, seen: Mapping[int, TaskObservation | None], *, fits: bool) -> JobView | None:
        """The facts about a job, when they are known without asking a backend."""
        if job.status not in WITH_TASK:
            return self._view(job, fits)
        task = seen.get(job.id)
        over = task is not None and task.phase in (TaskPhase.EXITED, TaskPhase.LOST)
        if task is None or not self._is_here(job) or not (over or task.phase is TaskPhase.RUNNING):
            return None
        return JobView(now=self._database.clock.now(), task=task)

    def _keep_held(self, look: Look, jobs: list[JobRecord]) -> None:
        """A job that could not be leased has ended, or its lease must run out first: look again later."""
        leased = {job.id for job in jobs}
        for job_id in look.seen:
            if job_id not in leased and self._occupancy.holds(job_id):
                self._attention.after(1.0, job_id)

    def _is_ready(self, job: JobRecord) -> bool:
        return self._environment_phase(job) is EnvironmentPhase.READY

    def _handle(self, job: JobRecord, *, fits: bool) -> None:
        try:
            if job.status in WITH_TASK and not self._is_here(job):
                self._leave(job)
                return
            view = self._view(job, fits)
            effects = self._apply(job, view, DECIDERS[job.kind](job, view))
        except Exception:
            # One job must not hold up the others: its lease runs out, and it is tried again.
            logger.exception("job %s could not be handled", job.name)
            self._attention.after(LEASE_SECONDS + 1, job.id)
            effects = None
        if effects is not None:
            self._carry_out_safely(job, effects)
        if fits and (effects is None or effects.launch is None):
            self._free(job.id)

    def _apply(self, job: JobRecord, view: JobView, actions: list[Action]) -> Effects | None:
        try:
            with self._database.transaction(actor="server") as tx:
                return self._steps.apply(tx, job, view, actions)
        except ModelyardError as error:
            if error.status >= 500:
                raise
            broken = failed(error)
        return self._fail(job, replace(view, broken=broken), broken)

    def _fail(self, job: JobRecord, view: JobView, error: JobError) -> Effects | None:
        with self._database.transaction(actor="server") as tx:
            return self._steps.apply(tx, job, view, [SetStatus(JobStatus.FAILED, error)])

    def _view(self, job: JobRecord, fits: bool) -> JobView:
        now = self._database.clock.now()
        if job.status in WITH_TASK:
            return JobView(now=now, task=self._observe(job))
        phase = self._environment_phase(job)
        definition = JobPlan.of(job.state).environment
        error = self._builds.failure(definition, job.created_at) if phase is EnvironmentPhase.FAILED else None
        return JobView(now=now, environment=phase, environment_error=error, fits=fits)

    def _environment_phase(self, job: JobRecord) -> EnvironmentPhase:
        definition = JobPlan.of(job.state).environment
        if not definition or self._steps.environments.ready(definition):
            return EnvironmentPhase.READY
        failure = self._builds.failure(definition, job.created_at)
        return EnvironmentPhase.BUILDING if failure is None else EnvironmentPhase.FAILED

    def _observe(self, job: JobRecord) -> TaskObservation:
        """Where the job's task stands; from now on its end is told, whoever started it."""
        directory = str(self._steps.directory(job))
        seen = self._backend.observe(self._backend.handle(directory))
        over = seen.phase in (TaskPhase.EXITED, TaskPhase.LOST)
        if not over and seen.phase is not TaskPhase.ABSENT and job.id not in self._watched:
            self._watch(job.id, directory)
        return seen

    def _watch(self, job_id: int, directory: str) -> None:
        self._watched.add(job_id)
        self._backend.watch(self._backend.handle(directory), partial(self._attention.touch, job_id))

    def _carry_out_safely(self, job: JobRecord, effects: Effects) -> None:
        """What is committed and could not be carried out is found again by its row: see `decide`."""
        try:
            self._carry_out(job, effects)
        except Exception:
            logger.exception("what was decided about job %s could not be done", job.name)

    def _carry_out(self, job: JobRecord, effects: Effects) -> None:
        if effects.wake_after_seconds is not None:
            self._attention.after(effects.wake_after_seconds)
        if effects.build:
            self._build(job)
        if effects.launch is not None:
            self._launch(job, effects)
        if effects.stop is not None:
            self._backend.stop(self._backend.handle(str(self._steps.directory(job))), effects.stop.grace_seconds)
        if effects.ended or effects.released:
            self._watched.discard(job.id)
            self._free(job.id)
        if effects.ended:
            self._cleaning.submit(_clean, self._steps.directory(job))

    def _launch(self, job: JobRecord, effects: Effects) -> None:
        assert effects.launch is not None
        self._occupancy.take(job.id, compute_key(job), effects.launch.resources)
        try:
            self._backend.launch(effects.launch)
        except ModelyardError as error:
            self._launch_failed(job, error)
            return
        self._watch(job.id, effects.launch.directory)

    def _launch_failed(self, job: JobRecord, error: ModelyardError) -> None:
        """Nothing runs: say why, instead of trying for ever."""
        with self._database.transaction(actor="server") as tx:
            leased = tx.jobs.lease_named([job.id], self._owner, tx.now, LEASE_SECONDS)
            view = JobView(now=tx.now)
            for mine in leased:
                self._steps.apply(tx, mine, view, [SetStatus(JobStatus.FAILED, failed(error))])
        self._free(job.id)

    def _build(self, job: JobRecord) -> None:
        definition = JobPlan.of(job.state).environment
        artifacts = self._steps.storage.run_artifacts(job.workspace).local_path(run_folder(job.run_id))
        logs = (artifacts or self._steps.directory(job, 0)) / "system_logs"
        self._builds.want(job.id, definition, self._build_context(job, definition), logs)

    def _build_context(self, job: JobRecord, definition: dict[str, object]) -> Path | None:
        build = definition.get("build")
        if not isinstance(build, dict) or not build.get("path"):
            return None
        with self._database.snapshot() as tx:
            found = locate(tx, self._steps.storage, job.workspace, str(build["path"]), field="environment.build.path")
        return found.local_path()

    def _leave(self, job: JobRecord) -> None:
        """Its task runs on another machine, whose server will see to it."""
        with self._database.transaction(actor="server") as tx:
            tx.jobs.apply(job, JobUpdate(wake_at=tx.now + timedelta(seconds=FOREIGN_HOST_SECONDS)))

    def _is_here(self, job: JobRecord) -> bool:
        return bool(job.state.get("host", self._steps.host) == self._steps.host)

    def _free(self, job_id: int) -> None:
        if self._occupancy.free(job_id):
            self._attention.queue()


def _clean(directory: Path) -> None:
    """The copies that a finished task worked on go; its records, and through links its outputs, stay."""
    for name in ("wd", "inputs", "outputs"):
        shutil.rmtree(directory / name, ignore_errors=True)
