"""The queue of this machine: which waiting jobs are taken from it when there is room."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from modelyard.controllers.occupancy import PATIENCE, Limit, Occupancy, Waiting, admit
from modelyard.domain.job_plan import JobPlan
from modelyard.domain.job_record import JobRecord, JobUpdate
from modelyard.domain.statuses import JobStatus
from modelyard.services.jobs import compute_capacity
from modelyard.store.transaction import Transaction

DEPTH = 64  # how far behind a job that does not fit a smaller one is looked for


class JobQueue:
    """`ready` says whether a job could start as far as its environment goes."""

    def __init__(self, machine: Limit, ready: Callable[[JobRecord], bool]) -> None:
        self.occupancy = Occupancy(machine)
        self._machine = machine
        self._ready = ready

    def take(self, tx: Transaction, owner: str, lease_seconds: float, admitted: set[int]) -> list[JobRecord]:
        """Queued jobs that may start or need a build, leased; `admitted` gains those that may start."""
        chosen: list[JobRecord] = []
        passed: list[int] = []
        while (room := self.occupancy.room()) > 0 and len(passed) < DEPTH:
            found = tx.jobs.lease_queued(owner, tx.now, room, lease_seconds, skip=passed)
            fitting = self.admit(tx, found)
            admitted |= fitting
            left = [job for job in found if job.id not in fitting and self._ready(job)]
            chosen += [job for job in found if job not in left]
            for job in left:
                tx.jobs.apply(job, JobUpdate())
            passed += [job.id for job in left]
            if len(found) < room or any(tx.now - job.created_at > PATIENCE for job in left):
                break
        return chosen

    def admit(self, tx: Transaction, jobs: Sequence[JobRecord]) -> set[int]:
        """Those of these jobs that may start now, counted as taken."""
        if not jobs:
            return set()
        limits = self._limits(tx, jobs)
        queue = [
            Waiting(job.id, compute_key(job), JobPlan.of(job.state).resources, job.created_at)
            for job in sorted(jobs, key=lambda job: (-job.priority, job.id))
            if compute_key(job) in limits and _may_start(job) and self._ready(job)
        ]
        return {waiting.job_id for waiting in admit(queue, self.occupancy, limits, tx.now)}

    def _limits(self, tx: Transaction, jobs: Sequence[JobRecord]) -> dict[str, Limit]:
        """What each compute of these jobs may take; a compute that was deleted has none, and its jobs wait."""
        limits: dict[str, Limit] = {}
        for job in jobs:
            key = compute_key(job)
            target = None if key in limits else tx.computes.find(job.workspace, job.compute)
            if target is not None:
                resources = compute_capacity(target, self._machine.resources)
                limits[key] = Limit(resources, target.spec.get("max_concurrent_jobs"))
        return limits


def _may_start(job: JobRecord) -> bool:
    return not job.cancel_requested and not (job.status is JobStatus.PAUSED and job.pause_requested)


def compute_key(job: JobRecord) -> str:
    """Names a compute among those of every workspace."""
    return f"{job.workspace}/{job.compute}"
