"""AutoML jobs: what the engine is told, and what its task takes."""

from __future__ import annotations

import importlib.util
import json
import math
from typing import Any

from modelyard.domain.errors import MissingExtra
from modelyard.domain.job_io import Output
from modelyard.domain.job_plan import JobPlan
from modelyard.domain.task import Resources
from modelyard.kinds.automl import BEST_MODEL, FINISHING_SECONDS, AutoMLJob
from modelyard.kinds.command import CommandJob
from modelyard.kit.sizes import byte_count
from modelyard.services.job_planning import Planner
from modelyard.store.transaction import Transaction

JOB_FILE = "automl-job.json"
DEFAULT_TIMEOUT_MINUTES = 360.0
# The engine keeps its own time; the wall around it is for one that hangs, and leaves room to wait for a server.
_SLACK = 1.1
_SLACK_SECONDS = 900.0
_NEEDED = ("sklearn", "lightgbm", "pandas", "scipy", "mlflow")


def plan_automl(
    tx: Transaction, workspace: str, name: str, job: AutoMLJob, planner: Planner, capacity: Resources
) -> JobPlan:
    """The plan of the engine's task. Everything that can be known to fail is refused, with field and mend."""
    if job.environment_id is None:
        _check_installed()
    job.outputs.setdefault(BEST_MODEL, Output(type="mlflow_model"))
    stand_in = _command(job, capacity)
    plan = planner.plan(tx, workspace, name, stand_in, capacity)
    minutes = job.limits.timeout_minutes if job.limits and job.limits.timeout_minutes else DEFAULT_TIMEOUT_MINUTES
    return plan.model_copy(
        update={
            "command": f"exec python -m modelyard.automl {JOB_FILE}",
            "files": {JOB_FILE: json.dumps(_job_file(name, job, plan))},
            "timeout_seconds": math.ceil(minutes * 60 * _SLACK + _SLACK_SECONDS),
            "grace_seconds": int(FINISHING_SECONDS),
            "notes": (*plan.notes, *job.warnings()),
        }
    )


def _job_file(name: str, job: AutoMLJob, plan: JobPlan) -> dict[str, Any]:
    """What the engine reads: the job, what it may take, and which data it is about."""
    data = {field: planned.asset or planned.uri for field, planned in plan.inputs.items()}
    return {
        "job": {**job.to_dict(), "name": name},
        "cores": plan.cpus,
        "memory_bytes": plan.memory_bytes or None,
        "data": data,
        "environment": plan.environment_asset,
    }


def _command(job: AutoMLJob, capacity: Resources) -> CommandJob:
    """A command job that stands for the engine when references are resolved and needs are checked."""
    resources = job.resources.to_dict() if job.resources else {}
    properties = dict(resources.get("properties") or {})
    if "cpus" not in properties:
        properties["cpus"] = cores_of(job, capacity)
    if job.limits is not None and job.limits.max_memory is not None and not {"memory", "memory_bytes"} & {*properties}:
        properties["memory_bytes"] = byte_count(job.limits.max_memory)
    return CommandJob(
        command="python",
        environment=job.environment_id,
        environment_variables=dict(job.environment_variables),
        inputs=job.data(),
        outputs=dict(job.outputs),
        compute=job.compute,
        resources={**resources, "instance_count": 1, "properties": properties},
        properties=dict(job.properties),
    )


def cores_of(job: AutoMLJob, capacity: Resources) -> float:
    """The cores that a search takes: those of its trials together, at most all; all when a trial may have all."""
    limits = job.limits
    each = limits.max_cores_per_trial if limits else None
    if each is None or each < 1:
        return capacity.cpus
    return min(capacity.cpus, float(each * ((limits.max_concurrent_trials if limits else None) or 1)))


def _check_installed() -> None:
    """The server's own Python runs jobs without an environment: it must have the engine's libraries."""
    if any(importlib.util.find_spec(module) is None for module in _NEEDED):
        raise MissingExtra("AutoML in the server's own Python", "automl")
