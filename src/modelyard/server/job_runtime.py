"""Jobs in this server: their use cases and the controller that runs them on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from modelyard.artifacts.storage import Storage
from modelyard.compute.local import LocalBackend, machine_capacity
from modelyard.controllers.job_steps import JobSteps
from modelyard.controllers.jobs import JobController
from modelyard.controllers.occupancy import Limit
from modelyard.controllers.pipelines import PipelineController
from modelyard.controllers.schedules import ScheduleController
from modelyard.controllers.subscriptions import SubscriptionController
from modelyard.controllers.sweeps import SweepController
from modelyard.environments.environments import Environments
from modelyard.kit.ids import random_text
from modelyard.server.settings import Settings
from modelyard.services.job_outputs import JobOutputs
from modelyard.services.job_planning import Planner
from modelyard.services.jobs import Jobs
from modelyard.services.outgoing import Outgoing
from modelyard.services.schedules import Schedules
from modelyard.services.subscriptions import Subscriptions
from modelyard.store.database import Database


@dataclass(frozen=True)
class JobRuntime:
    """`jobs` is for routes, `controllers` for the server's life, `environments` for whoever else builds them."""

    jobs: Jobs
    controllers: tuple[JobController, SweepController, PipelineController, ScheduleController, SubscriptionController]
    environments: Environments
    schedules: Schedules
    schedule_controller: ScheduleController
    subscriptions: Subscriptions
    subscription_controller: SubscriptionController

    @classmethod
    def make(cls, settings: Settings, home: Path, database: Database, storage: Storage) -> Self:
        capacity = machine_capacity(settings.local_cpus, settings.local_memory_bytes, settings.local_gpus)
        environments = Environments(home / "envs")
        outputs = JobOutputs(storage)
        host = _host_id(home)
        steps = JobSteps(
            home=home,
            host=host,
            storage=storage,
            environments=environments,
            outputs=outputs,
            server_url=lambda: settings.public_url,
            wake_parents=lambda: child_ended(),
        )
        backend = LocalBackend(
            capacity, warm_idle_seconds=settings.warm_idle_seconds, warm_processes=settings.warm_processes
        )
        controller = JobController(database, backend, steps, Limit(capacity, settings.max_concurrent_jobs))
        sweeps = SweepController(database, host, outputs, lambda: sweep_moved())
        pipelines = PipelineController(database, host, outputs, lambda: wake_all())

        def wake_parents() -> None:
            sweeps.wake()
            pipelines.wake()

        def child_ended() -> None:
            sweeps.wake()
            pipelines.child_ended()

        def wake_all() -> None:
            controller.wake()
            wake_parents()

        def sweep_moved() -> None:
            controller.wake()
            pipelines.child_ended()

        planner = Planner(storage, environments)
        jobs = Jobs(planner, lambda: settings.public_url, capacity, controller.wake, wake_parents)
        pipelines.submit_by(jobs)
        schedules = Schedules(jobs)
        clock = ScheduleController(database, schedules)
        subscriptions = Subscriptions(jobs, Outgoing(settings.allow_private_webhooks))
        teller = SubscriptionController(database, subscriptions)
        controllers = (controller, sweeps, pipelines, clock, teller)
        return cls(jobs, controllers, environments, schedules, clock, subscriptions, teller)


def _host_id(home: Path) -> str:
    """Names the machine whose disk has the task directories: kept with them, for machines are renamed."""
    path = home / "host-id"
    if not path.exists():
        path.write_text(random_text(16))
    return path.read_text().strip()
