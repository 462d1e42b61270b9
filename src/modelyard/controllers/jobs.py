"""The job controller: leases jobs, gathers facts, asks the kind what to do, and does it.

One thread decides; it is woken by commits, by ends of tasks and of builds, and never waits for either. Whatever it
does is decided by the rows and the task directories alone, so that a server that was killed at any point is followed
by one that goes on from there.
"""

from __future__ import annotations

import heapq
import logging
import shutil
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

from modelyard.artifacts.storage import run_folder
from modelyard.controllers.environment_builds import EnvironmentBuilds
from modelyard.controllers.job_steps import Effects, JobSteps, failed
from modelyard.controllers.loop import ControllerLoop
from modelyard.controllers.occupancy import PATIENCE, Limit, Occupancy, Waiting, admit
from modelyard.domain.actions import Action, JobError, SetStatus
from modelyard.domain.errors import ModelyardError
from modelyard.domain.job_plan import JobPlan
from modelyard.domain.job_record import JobRecord, JobUpdate
from modelyard.domain.job_view import EnvironmentPhase, JobView
from modelyard.domain.statuses import JobStatus
from modelyard.domain.task import TaskObservation, TaskPhase
from modelyard.kinds.command import decide
from modelyard.ports.compute_backend import ComputeBackend
from modelyard.services.files import locate
from modelyard.services.jobs import compute_capacity
from modelyard.store.database import Database
from modelyard.store.transaction import Transaction

logger = logging.getLogger(__name__)

LEAF_KINDS = ("command",)  # kinds whose jobs are tasks; parents have controllers of their own
LEASE_SECONDS = 60.0
BATCH = 32
QUEUE_DEPTH = 64  # how far behind a job that does not fit a smaller one is looked for
FOREIGN_HOST_SECONDS = 10.0
WITH_TASK = frozenset({JobStatus.STARTING, JobStatus.RUNNING, JobStatus.FINALIZING, JobStatus.CANCEL_REQUESTED})


class JobController:
    """Give it `start()`, call `wake()` after commits that concern jobs, and `stop()`. Tasks outlive it."""

    def __init__(self, database: Database, backend: ComputeBackend, steps: JobSteps, machine: Limit) -> None:
        self._database = database
        self._backend = backend
        self._steps = steps
        self._machine = machine
        self._owner = f"jobs@{steps.host}"
        self._occupancy = Occupancy(machine)
        self._builds = EnvironmentBuilds(steps.environments, database.clock, self._touch)
        self._loop = ControllerLoop("jobs", self._step)
        self._lock = threading.Lock()
        self._touched: set[int] = set()
        self._watched: set[int] = set()
        self._freed = False
        self._wakes: list[tuple[float, int]] = []
        self._cleaning = ThreadPoolExecutor(max_workers=1, thread_name_prefix="task-cleaning")

    def start(self) -> None:
        """Take back what a former life of this server left, then begin."""
        with self._database.transaction(actor="server") as tx:
            tx.jobs.release(self._owner)
            tx.jobs.wake_active()
            for job in tx.jobs.with_status(list(WITH_TASK), kinds=LEAF_KINDS, limit=10_000):
                if self._is_here(job):
                    self._occupancy.take(job.id, _compute_key(job), JobPlan.of(job.state).resources)
        self._loop.start()

    def wake(self) -> None:
        self._loop.wake()

    def stop(self) -> None:
        """Finish the step at hand. Tasks go on; the next server adopts them."""
        self._loop.stop()
        self._backend.close()
        self._builds.close()
        self._cleaning.shutdown(wait=True, cancel_futures=True)

    def step(self) -> None:
        """Decide about every job that needs it now: what the thread does each time, for tests without one."""
        while self._pass():
            pass

    def _step(self) -> float | None:
        now = time.monotonic()
        while self._wakes and self._wakes[0][0] <= now:
            _, job_id = heapq.heappop(self._wakes)
            if job_id:
                self._touch(job_id)
        self.step()
        return max(0.0, self._wakes[0][0] - time.monotonic()) if self._wakes else None

    def _pass(self) -> bool:
        """One round; True when there may be more to do at once."""
        with self._lock:
            touched, self._touched = list(self._touched), set()
        with self._database.transaction(actor="server") as tx:
            jobs = list(tx.jobs.lease_named(touched, self._owner, tx.now, LEASE_SECONDS)) if touched else []
            jobs += tx.jobs.lease_due(self._owner, tx.now, BATCH, LEASE_SECONDS, LEAF_KINDS)
            admitted = self._admit(tx, jobs)
            jobs += self._from_queue(tx, admitted)
        self._keep_held(touched, jobs)
        for job in jobs:
            self._handle(job, fits=job.id in admitted)
        freed, self._freed = self._freed, False
        return bool(self._touched or admitted or freed)

    def _from_queue(self, tx: Transaction, admitted: set[int]) -> list[JobRecord]:
        """Queued jobs that may start or need a build, leased; `admitted` gains those that may start."""
        chosen: list[JobRecord] = []
        passed: list[int] = []
        while (room := self._occupancy.room()) > 0 and len(passed) < QUEUE_DEPTH:
            found = tx.jobs.lease_queued(self._owner, tx.now, room, LEASE_SECONDS, skip=passed)
            fitting = self._admit(tx, found)
            admitted |= fitting
            left = [job for job in found if job.id not in fitting and self._is_ready(job)]
            chosen += [job for job in found if job not in left]
            for job in left:
                tx.jobs.apply(job, JobUpdate())
            passed += [job.id for job in left]
            if len(found) < room or any(tx.now - job.created_at > PATIENCE for job in left):
                break
        return chosen

    def _keep_held(self, touched: Sequence[int], jobs: Sequence[JobRecord]) -> None:
        """A touched job that could not be leased has ended, or its lease must run out first: look again later."""
        leased = {job.id for job in jobs}
        for job_id in touched:
            if job_id not in leased and self._occupancy.holds(job_id):
                self._wake_after(1.0, job_id)

    def _admit(self, tx: Transaction, jobs: Sequence[JobRecord]) -> set[int]:
        limits = _limits(tx, jobs, self._machine)
        queue = [
            Waiting(job.id, _compute_key(job), JobPlan.of(job.state).resources, job.created_at)
            for job in sorted(jobs, key=lambda job: (-job.priority, job.id))
            if _compute_key(job) in limits and not job.cancel_requested and self._is_ready(job)
        ]
        return {waiting.job_id for waiting in admit(queue, self._occupancy, limits, tx.now)}

    def _is_ready(self, job: JobRecord) -> bool:
        return job.status not in WITH_TASK and self._environment_phase(job) is EnvironmentPhase.READY

    def _handle(self, job: JobRecord, *, fits: bool) -> None:
        try:
            if job.status in WITH_TASK and not self._is_here(job):
                self._leave(job)
                return
            view = self._view(job, fits)
            effects = self._apply(job, view, decide(job, view))
        except Exception:
            # One job must not hold up the others: its lease runs out, and it is tried again.
            logger.exception("job %s could not be handled", job.name)
            self._wake_after(LEASE_SECONDS + 1, job.id)
            effects = None
        if effects is not None:
            self._carry_out(job, effects)
        if fits and (effects is None or effects.launch is None):
            self._freed |= self._occupancy.free(job.id)

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
        self._backend.watch(self._backend.handle(directory), partial(self._seen, job_id))

    def _seen(self, job_id: int, _: TaskObservation) -> None:
        self._touch(job_id)

    def _touch(self, job_id: int) -> None:
        with self._lock:
            self._touched.add(job_id)
        self._loop.wake()

    def _carry_out(self, job: JobRecord, effects: Effects) -> None:
        if effects.wake_after_seconds is not None:
            self._wake_after(effects.wake_after_seconds)
        if effects.build:
            self._build(job)
        if effects.launch is not None:
            self._launch(job, effects)
        if effects.stop is not None:
            self._backend.stop(self._backend.handle(str(self._steps.directory(job))), effects.stop.grace_seconds)
        if effects.ended or effects.requeued:
            self._watched.discard(job.id)
            self._freed |= self._occupancy.free(job.id)
        if effects.ended:
            self._cleaning.submit(_clean, self._steps.directory(job))

    def _launch(self, job: JobRecord, effects: Effects) -> None:
        assert effects.launch is not None
        self._occupancy.take(job.id, _compute_key(job), effects.launch.resources)
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
        self._freed |= self._occupancy.free(job.id)

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
            later = tx.now.timestamp() + FOREIGN_HOST_SECONDS
            tx.jobs.apply(job, JobUpdate(wake_at=tx.now.fromtimestamp(later, tx.now.tzinfo)))

    def _is_here(self, job: JobRecord) -> bool:
        return bool(job.state.get("host", self._steps.host) == self._steps.host)

    def _wake_after(self, seconds: float, job_id: int = 0) -> None:
        """Step again then at the latest; a job that is named is looked at whether it is due or not."""
        heapq.heappush(self._wakes, (time.monotonic() + seconds, job_id))


def _compute_key(job: JobRecord) -> str:
    return f"{job.workspace}/{job.compute}"


def _limits(tx: Transaction, jobs: Sequence[JobRecord], machine: Limit) -> dict[str, Limit]:
    """What each compute of these jobs may take; a compute that was deleted has none, and its jobs wait."""
    limits: dict[str, Limit] = {}
    for job in jobs:
        key = _compute_key(job)
        if key in limits or job.status in WITH_TASK:
            continue
        target = tx.computes.find(job.workspace, job.compute)
        if target is not None:
            resources = compute_capacity(target, machine.resources)
            limits[key] = Limit(resources, target.spec.get("max_concurrent_jobs"))
    return limits


def _clean(directory: Path) -> None:
    """The copies that a finished task worked on go; its records, and through links its outputs, stay."""
    for name in ("wd", "inputs", "outputs"):
        shutil.rmtree(directory / name, ignore_errors=True)
