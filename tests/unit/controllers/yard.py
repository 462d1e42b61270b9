"""A small installation for tests of the job controller: a database, a home, a backend, and no server."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelyard.artifacts.storage import ARTIFACT_DATASTORE, Storage, run_folder
from modelyard.controllers.job_steps import JobSteps
from modelyard.controllers.jobs import JobController
from modelyard.controllers.occupancy import Limit
from modelyard.domain.job import Job
from modelyard.domain.statuses import JobStatus
from modelyard.domain.task import Resources
from modelyard.environments.environments import Environments
from modelyard.kinds.command import CommandJob
from modelyard.ports.compute_backend import ComputeBackend
from modelyard.services.job_outputs import JobOutputs
from modelyard.services.job_planning import Planner
from modelyard.services.jobs import Jobs
from modelyard.services.workspaces import ensure_default
from modelyard.store.database import Database

PATIENCE_SECONDS = 20.0


@dataclass
class Yard:
    database: Database
    home: Path
    backend: ComputeBackend
    jobs: Jobs
    controller: JobController
    environments: Environments

    @classmethod
    def make(cls, database: Database, home: Path, backend: ComputeBackend, cpus: float = 2) -> Yard:
        with database.transaction() as tx:
            ensure_default(tx)
        storage = Storage(home)
        environments = Environments(home / "envs", search_path="")
        planner = Planner(storage, environments)
        outputs = JobOutputs(storage)
        steps = JobSteps(home, "this-host", storage, environments, outputs, lambda: "http://127.0.0.1:1")
        machine = Resources(cpus=cpus, memory_bytes=1 << 32)
        controller = JobController(database, backend, steps, Limit(machine))
        jobs = Jobs(planner, lambda: "http://127.0.0.1:1", machine, controller.wake)
        return cls(database, home, backend, jobs, controller, environments)

    def submit(self, command: str, **fields: Any) -> str:
        job = CommandJob.from_dict({"command": command, **fields})
        with self.database.transaction(actor="ada") as tx:
            return str(self.jobs.create(tx, "default", job).name)

    def job(self, name: str) -> Job:
        with self.database.snapshot() as tx:
            return self.jobs.get(tx, "default", name)

    def status(self, name: str) -> str:
        return str(self.job(name).status)

    def wait(self, name: str, *statuses: JobStatus) -> Job:
        """Until the job is at one of these statuses; without any, until it ended."""
        return self.until(name, lambda job: _is(job, statuses))

    def until(self, name: str, condition: Callable[[Job], bool]) -> Job:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            job = self.job(name)
            if condition(job):
                return job
            assert time.monotonic() < deadline, f"the job stayed {job.status}: {job.error}"
            time.sleep(0.01)

    def artifacts(self, name: str) -> Path:
        with self.database.snapshot() as tx:
            run_id = tx.jobs.get("default", name).run_id
        return self.home / "storage" / "default" / ARTIFACT_DATASTORE / run_folder(run_id)

    def log(self, name: str) -> str:
        return (self.artifacts(name) / "user_logs" / "std_log.txt").read_text()

    def events(self, name: str) -> list[str]:
        """The statuses that a job went through, by its events."""
        with self.database.snapshot() as tx:
            found = [record.event for record in tx.events.after(0, limit=1000)]
        mine = [event for event in found if event.subject == f"jobs/{name}"]
        return [str(event.data["to"]) for event in mine if event.type == "modelyard.job.status_changed"]


def _is(job: Job, statuses: tuple[JobStatus, ...]) -> bool:
    now = JobStatus(str(job.status))
    return now in statuses if statuses else now.terminal
