"""What computes have, and what of it is in use."""

from __future__ import annotations

import platform
from typing import Any

from modelyard.domain.job_plan import JobPlan
from modelyard.domain.job_record import JobRecord
from modelyard.domain.statuses import JobStatus
from modelyard.domain.task import Resources
from modelyard.services import computes
from modelyard.store.transaction import Transaction

_WITH_TASK = (JobStatus.STARTING, JobStatus.RUNNING, JobStatus.FINALIZING, JobStatus.CANCEL_REQUESTED)
_GIB = 1 << 30


def sizes(machine: Resources) -> list[dict[str, Any]]:
    """The sizes that a job may ask for: this machine is the only one there is."""
    memory_gb = round(machine.memory_bytes / _GIB, 1)
    return [{"name": "local", "v_cp_us": machine.cpus, "memory_gb": memory_gb, "gpus": machine.gpus}]


def usage(tx: Transaction, machine: Resources) -> list[dict[str, Any]]:
    """What the tasks of all workspaces take of this machine."""
    running = tx.jobs.with_status(_WITH_TASK)
    taken = Resources(cpus=0)
    for job in running:
        taken = taken + JobPlan.of(job.state).resources
    return [
        {"name": "cpus", "current_value": taken.cpus, "limit": machine.cpus, "unit": "cores"},
        {
            "name": "memory",
            "current_value": round(taken.memory_bytes / _GIB, 2),
            "limit": round(machine.memory_bytes / _GIB, 2),
            "unit": "GiB",
        },
        {"name": "gpus", "current_value": taken.gpus, "limit": machine.gpus, "unit": "accelerators"},
        {"name": "jobs", "current_value": len(running), "limit": None, "unit": "jobs"},
    ]


def nodes(tx: Transaction, workspace: str, name: str) -> list[dict[str, Any]]:
    """The machines of a compute with the jobs of this workspace on them; NotFound for no such compute."""
    computes.get(tx, workspace, name)
    jobs = [job.name for job in _on_compute(tx, workspace, name)]
    return [
        {
            "node_id": platform.node(),
            "node_state": "running" if jobs else "idle",
            "current_job_name": jobs[0] if jobs else None,
            "job_names": jobs,
        }
    ]


def _on_compute(tx: Transaction, workspace: str, name: str) -> list[JobRecord]:
    return [job for job in tx.jobs.with_status(_WITH_TASK, compute=name) if job.workspace == workspace]
